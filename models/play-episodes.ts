import type { Intervention } from '../core/causal/intervention.js';
import type { RandomStream } from '../core/random/stream.js';
import type { VectorDesignEnv, VectorDesignState, VectorDesignStep } from '../envs/design/vector-design-env.js';
import type { DesignContext, DesignStrategy } from './design-strategy.js';

// Shapes: K episodes, T experiments.

/** Episodes that are played side by side: what may be seen of them, and how an experiment is carried out in each. */
export interface EpisodeGroup<Context extends DesignContext = DesignContext> {
  /** Experiments in every episode, T. */
  readonly budget: number;
  /** What a strategy may look at now, and what only those may that declare it in `knowledge`. */
  view(): Omit<Context, 'step' | 'budget' | 'streams'>;
  perform(interventions: readonly Intervention[], step: number): void;
}

export interface PlayOptions {
  /** [K], one per episode; the strategy's choices come from children of them. */
  readonly streams: readonly RandomStream[];
  /** The stream of one episode's choice. @defaultValue `<stream>/strategy/<name>/<step>`: other strategies draw other numbers */
  readonly choiceStream?: (stream: RandomStream, step: number, episode: number) => RandomStream;
  /** Told of the start (round 0, no interventions) and of every round after it was carried out. */
  readonly watch?: (round: number, interventions: readonly Intervention[]) => void;
}

/** Properties of a context that only strategies whose `knowledge` includes 'graph' are shown. */
const TOLD_WITH_GRAPH = ['graphs', 'regressions'];

/** Plays a strategy to the end of the budget; what it does not declare to need is withheld from it. */
export function playEpisodes<Context extends DesignContext>(
  group: EpisodeGroup<Context>,
  strategy: Pick<DesignStrategy<Context>, 'name' | 'knowledge' | 'propose'>,
  options: PlayOptions,
): void {
  const { streams, watch, choiceStream = (stream, step) => stream.child('strategy', strategy.name, step) } = options;
  const { budget } = group;
  watch?.(0, []);
  for (let step = 0; step < budget; step++) {
    const choices = streams.map((stream, episode) => choiceStream(stream, step, episode));
    const context = {
      ...withheld(group.view(), strategy.knowledge),
      step,
      budget,
      streams: choices,
    } as unknown as Context;
    const interventions = strategy.propose(context);
    group.perform(interventions, step);
    watch?.(step + 1, interventions);
  }
}

function withheld<View extends object>(view: View, knowledge: DesignStrategy['knowledge']): Partial<View> {
  if (knowledge.includes('graph')) return view;
  return Object.fromEntries(Object.entries(view).filter(([name]) => !TOLD_WITH_GRAPH.includes(name))) as Partial<View>;
}

/** Episodes of a design environment, started on the streams, and their state after the last experiment so far. */
export class DesignEpisodes implements EpisodeGroup {
  readonly start: VectorDesignState;
  state: VectorDesignState & Partial<Pick<VectorDesignStep, 'rewards'>>;

  constructor(
    readonly env: VectorDesignEnv,
    streams: readonly RandomStream[],
  ) {
    this.start = env.reset(streams);
    this.state = this.start;
  }

  get budget(): number {
    return this.env.settings.budget;
  }

  view() {
    const { interventionKind, valueRange } = this.env.settings;
    const graphs = this.env.models.map(({ graph }) => graph);
    return { histories: this.state.histories, interventionKind, valueRange, graphs };
  }

  perform(interventions: readonly Intervention[]): void {
    this.state = this.env.step(interventions);
  }
}
