import { HISTORY_CHANNELS, type History } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import type { DesignContext } from '../../models/design-strategy.js';
import { DesignEpisodes, playEpisodes } from '../../models/play-episodes.js';
import { actionChannels, interventionsFromActions, uniformActions } from '../../models/policy/action-numbers.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';
import { decisionStream } from '../loop/decision-stream.js';
import type { RecordedEpisode } from './replay.js';

// Shapes: K episodes, T experiments, d variables, C action numbers per variable.

export interface CollectOptions {
  /** One per episode; names its system, its noise and the policy's draws. */
  readonly streams: readonly RandomStream[];
  /** Decides, sampling its actions. Left out: every action number is uniform in (-1, 1). */
  readonly policy?: DesignPolicy;
}

export interface CollectedEpisodes {
  readonly episodes: readonly RecordedEpisode[];
  /** [K] Phi before the first experiment. */
  readonly startPotentials: Float64Array;
  /** [K] Phi after the last experiment. */
  readonly finalPotentials: Float64Array;
}

/** Plays K whole episodes side by side and keeps the action numbers as they were emitted, which critics learn from. */
export function collectEpisodes(env: VectorDesignEnv, { streams, policy }: CollectOptions): CollectedEpisodes {
  const { budget, interventionKind } = env.settings;
  const perAction = env.size * actionChannels(interventionKind);
  const recorded = streams.map(() => ({
    actions: new Float32Array(budget * perAction),
    rewards: new Float32Array(budget),
  }));
  const propose = ({ histories, streams: choices, step }: DesignContext) => {
    const chosen =
      policy === undefined
        ? uniformActions(choices, env.size, interventionKind)
        : policy.act(histories, 'stochastic', choices);
    recorded.forEach(({ actions }, k) => {
      actions.set(chosen.subarray(k * perAction, (k + 1) * perAction), step * perAction);
    });
    return interventionsFromActions(chosen, env.size, env.settings);
  };
  const group = new DesignEpisodes(env, streams);
  playEpisodes(
    group,
    { name: 'actor', knowledge: [], propose },
    {
      streams,
      choiceStream: decisionStream,
      watch: (round) =>
        group.state.rewards?.forEach((reward, k) => {
          recorded[k]!.rewards[round - 1] = reward;
        }),
    },
  );
  return {
    episodes: recorded.map((own, k) => ({ ...own, rows: channelsOf(group.state.histories[k]!) })),
    startPotentials: group.start.potentials,
    finalPotentials: group.state.potentials,
  };
}

function channelsOf(history: History): Float32Array {
  const rows = new Float32Array(history.rows * history.size * HISTORY_CHANNELS);
  history.writeChannels(rows);
  return rows;
}
