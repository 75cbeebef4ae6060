import { HISTORY_CHANNELS } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import { type DesignPolicy, interventionsFromActions } from '../../models/policy/design-policy.js';
import type { Episode } from './replay.js';

// Shapes: K episodes, T experiments, d variables, C action numbers per variable.

export interface CollectOptions {
  /** One per episode; names its system, its noise and the policy's draws. */
  readonly streams: readonly RandomStream[];
  /** Left out: every action number is uniform in (-1, 1). */
  readonly policy?: DesignPolicy;
  /** @defaultValue 'stochastic' */
  readonly mode?: 'stochastic' | 'deterministic';
  /** Action numbers per variable. */
  readonly channels: number;
}

export interface CollectedEpisodes {
  readonly episodes: readonly Episode[];
  /** [K] Phi before the first experiment. */
  readonly startPotentials: Float64Array;
  /** [K] Phi after the last experiment. */
  readonly finalPotentials: Float64Array;
}

/** Runs K whole episodes side by side. */
export function collectEpisodes(env: VectorDesignEnv, options: CollectOptions): CollectedEpisodes {
  const { streams, channels } = options;
  const { budget } = env.settings;
  const count = streams.length;
  const perAction = env.size * channels;
  const actions = streams.map(() => new Float32Array(budget * perAction));
  const rewards = streams.map(() => new Float32Array(budget));
  const start = env.reset(streams);
  let state = start;
  for (let step = 0; step < budget; step++) {
    const chosen = chooseActions(env, state.histories, { ...options, step });
    const next = env.step(interventionsFromActions(chosen, env.size, env.settings));
    for (let k = 0; k < count; k++) {
      actions[k]!.set(chosen.subarray(k * perAction, (k + 1) * perAction), step * perAction);
      rewards[k]![step] = next.rewards[k]!;
    }
    state = next;
  }
  const episodes = state.histories.map((history, k) => {
    const rows = new Float32Array(history.rows * env.size * HISTORY_CHANNELS);
    history.writeChannels(rows);
    return { rows, actions: actions[k]!, rewards: rewards[k]! };
  });
  return { episodes, startPotentials: start.potentials, finalPotentials: state.potentials };
}

function chooseActions(
  env: VectorDesignEnv,
  histories: Parameters<DesignPolicy['act']>[0],
  { streams, policy, mode = 'stochastic', channels, step }: CollectOptions & { step: number },
): Float32Array {
  const decisionStreams = streams.map((stream) => stream.child('decision', step));
  if (policy !== undefined) return policy.act(histories, mode, decisionStreams);
  const perAction = env.size * channels;
  const actions = new Float32Array(histories.length * perAction);
  decisionStreams.forEach((stream, k) => {
    stream.fillUniform(actions.subarray(k * perAction, (k + 1) * perAction), -1, 1);
  });
  return actions;
}
