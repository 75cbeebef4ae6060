import type { CausalGraph } from '../../core/causal/graph.js';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';
import { interveneBySigns } from '../../core/causal/target-sets.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvSettings } from '../../envs/design/design-env-config.js';
import { Episode } from '../../envs/design/episode.js';
import type { CausalModelPrior } from '../../envs/prior/causal-model.js';
import { potentialsAfter, type TriedHistory } from '../../models/what-if.js';
import { chooseTrials, type TrialOptions } from './trials.js';

// Shapes: K episodes, T experiments, S sets of targets, d variables.

/** A state that was reached, and what each of some experiments would have been worth there. */
export interface TriedState {
  readonly history: History;
  /** [S, d]: 1 or -1, the sign of its value, for the targets of a set, 0 for other variables. */
  readonly sets: Int8Array;
  /** [S]: Phi after the set's experiment minus its mean over the sets. */
  readonly advantages: Float32Array;
}

export interface CollectOptions extends TrialOptions {
  readonly prior: CausalModelPrior;
  readonly settings: DesignEnvSettings;
  readonly posterior: GraphPosterior;
  /** Share of experiments that are one of the tried sets at random instead of the best one. */
  readonly exploration: number;
}

export interface CollectedStates {
  /** [K * T] */
  readonly states: readonly TriedState[];
  /** [K] Phi after the last experiment. */
  readonly finalPotentials: Float32Array;
  /** Root mean square of the advantages. */
  readonly spread: number;
}

/**
 * Plays one episode per stream and tries in every state each of the candidates on the episode's own system with the same noise,
 * at full strength; all signs are turned in half of the states. The next experiment is the best candidate by the values so far, or a random one.
 * Averaged over the systems that could lie behind a history, the advantages are Bayes-optimal one-step values.
 */
export function collectTriedStates(options: CollectOptions, streams: readonly RandomStream[]): CollectedStates {
  const { prior, settings } = options;
  const episodes = streams.map((stream) => new Episode(prior, settings, stream));
  const states: TriedState[] = [];
  let finalPotentials = new Float32Array(streams.length);
  for (let step = 0; step < settings.budget; step++) {
    const choices = streams.map((stream) => stream.child('decision', step));
    const histories = episodes.map(({ history }) => history.prefix(history.rows));
    const trials = chooseTrials(options, histories, choices);
    const tried = episodes.map((episode, k) => tryOut(episode, trials[k]!, choices[k]!.child('sign').sign()));
    const potentials = potentialsAfter(options.posterior, settings.reward, tried);
    finalPotentials = new Float32Array(streams.length);
    episodes.forEach((episode, k) => {
      const { outcomes } = tried[k]!;
      const count = outcomes.length;
      const own = potentials.subarray(k * count, (k + 1) * count);
      states.push({ history: histories[k]!, sets: trials[k]!, advantages: centred(own) });
      const explores = choices[k]!.child('explore').bernoulli(options.exploration);
      const chosen = explores ? choices[k]!.child('random').integer(count) : 0;
      finalPotentials[k] = own[chosen]!;
      episode.carryOut(outcomes[chosen]!.intervention);
    });
  }
  return { states, finalPotentials, spread: rootMeanSquare(states.map(({ advantages }) => advantages)) };
}

function tryOut(episode: Episode, sets: Int8Array, sign: number): TriedHistory & { readonly graph: CausalGraph } {
  const { history, model, settings } = episode;
  const outcomes = Array.from({ length: sets.length / model.size }, (_, s) => {
    const set = sets.subarray(s * model.size, (s + 1) * model.size);
    const intervention = interveneBySigns(settings.interventionKind, set, sign * settings.valueRange);
    return { intervention, rows: episode.wouldMeasure(intervention) };
  });
  return { history, outcomes, graph: model.graph };
}

function centred(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function rootMeanSquare(arrays: readonly Float32Array[]): number {
  let squares = 0;
  let count = 0;
  for (const array of arrays) {
    for (const value of array) squares += value * value;
    count += array.length;
  }
  return Math.sqrt(squares / Math.max(1, count));
}
