import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { readCheckpointManifest } from '../../../core/checkpoint/manifest.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import type { InterruptWatcher } from '../../../core/run/interrupt.js';
import { createProgress } from '../../../core/run/progress.js';
import { loadPolicy } from '../../../models/checkpoints.js';
import { openPosterior, posteriorInput } from '../../../models/open-posterior.js';
import type { DecisionMode, DesignPolicy } from '../../../models/policy/design-policy.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { evaluateStrategies } from '../harness/harness.js';
import { Bootstrap } from '../scores/statistics.js';
import { createStrategies } from '../strategies/registry.js';
import { IN_DISTRIBUTION } from '../structure/settings.js';
import { StructureTask } from '../structure/structure-task.js';
import { adaptivityByRound, watchEntropy } from './adaptivity.js';
import { summarizeBehaviour } from './behaviour-summary.js';
import { BehaviourRecorder, type Play } from './recorder.js';
import type { BehaviourStudy } from './study.js';

/** What the policy is shown beside. */
const SIMPLE_STRATEGIES = ['round-robin-full', 'random-full'] as const;

export interface BehaviourRun {
  readonly config: ExperimentConfig;
  /** What `openPosterior` takes. */
  readonly posterior: string;
  /** Checkpoint folder. */
  readonly policy: string;
  /** Held-out systems; the first ones of an evaluation with the same seed. */
  readonly systems: number;
  /** How many of them, the first, are shown one by one. */
  readonly examples: number;
  readonly mode: DecisionMode;
  readonly interrupt: Pick<InterruptWatcher, 'requested'>;
  readonly quiet?: boolean;
}

/**
 * Plays a trained policy and two simple strategies on the same held-out systems and describes what they do. Undefined
 * when it was interrupted.
 *
 * @throws CausalPilotError E_CONFIG for an environment without experiments, E_CHECKPOINT for models that cannot be loaded.
 */
export async function runBehaviour(run: BehaviourRun): Promise<BehaviourStudy | undefined> {
  if (run.config.environment.budget === 0)
    throw new CausalPilotError('E_CONFIG', 'environment.budget: 0 experiments show no behaviour; set it to 1 or more');
  const { posterior, dispose } = await openPosterior(run.posterior, run.config.environment);
  const policy = await loadPolicy(run.policy);
  try {
    const recording = await playAll(run, { posterior, policy });
    return recording && describe(run, recording);
  } finally {
    dispose();
    policy.dispose();
  }
}

/** What was recorded while the strategies played. */
interface Recording {
  /** By strategy, the policy first; all on the same systems. */
  readonly plays: ReadonlyMap<string, readonly Play[]>;
  /** [T] of [systems]: entropy of the policy's choice of targets, nats; without content for a deterministic policy. */
  readonly entropies: readonly (readonly number[])[];
}

async function playAll(
  { config, systems, mode, interrupt, quiet = false }: BehaviourRun,
  { posterior, policy }: { readonly posterior: GraphPosterior; readonly policy: DesignPolicy },
): Promise<Recording | undefined> {
  const { environment, evaluation } = config;
  const names = [mode === 'stochastic' ? 'policy' : 'policy-deterministic', ...SIMPLE_STRATEGIES];
  const recorder = new BehaviourRecorder();
  const entropies: number[][] = Array.from({ length: environment.budget }, () => []);
  const strategies = createStrategies(names, { policy }).map((strategy) =>
    strategy.name === 'policy'
      ? watchEntropy(strategy, policy, (step, own) => entropies[step]?.push(...own))
      : strategy,
  );
  const task = new StructureTask({
    environment: IN_DISTRIBUTION,
    config: environment,
    posterior,
    seed: evaluation.seed,
    watch: recorder.watch,
  });
  const progress = createProgress({ label: 'behaviour', total: names.length * systems, quiet });
  const { status } = await evaluateStrategies([task], strategies, {
    systems,
    batchSize: evaluation.batchSize,
    interrupted: () => interrupt.requested,
    onProgress: (done) => progress.update(done),
  });
  progress.finish();
  if (status === 'interrupted') return undefined;
  return { plays: new Map(names.map((name) => [name, recorder.plays(name)])), entropies };
}

function describe(run: BehaviourRun, { plays, entropies }: Recording): BehaviourStudy {
  const { config, systems, examples, mode } = run;
  const { environment, evaluation } = config;
  const { interventionKind, valueRange, budget, prior } = environment;
  const stream = new RandomStream(`evaluation/${evaluation.seed}/bootstrap`);
  const bootstrap = new Bootstrap(systems, evaluation.bootstrapSamples, stream);
  const [own = []] = plays.values();
  return {
    environment: IN_DISTRIBUTION,
    inputs: {
      policy: { source: run.policy, identity: readCheckpointManifest(run.policy).manifestSha256 },
      posterior: posteriorInput(run.posterior),
    },
    systems,
    variables: prior.variables,
    experiments: budget,
    interventionKind,
    valueRange,
    strategies: [...plays.keys()],
    rows: summarizeBehaviour(plays, { environment: IN_DISTRIBUTION, valueRange, bootstrap }),
    adaptivity: mode === 'stochastic' ? adaptivityByRound(own, entropies, bootstrap) : [],
    examples: own.slice(0, examples).map(({ system }) => ({
      system,
      plays: [...plays].flatMap(([strategy, all]) =>
        all.filter((play) => play.system === system).map((play) => ({ strategy, play })),
      ),
    })),
  };
}
