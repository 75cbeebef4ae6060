import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';
import { intervene } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvSettings } from '../../envs/design/design-env-config.js';
import { Episode } from '../../envs/design/episode.js';
import { potential } from '../../envs/design/reward.js';
import type { CausalModelPrior } from '../../envs/prior/causal-model.js';
import { probabilitiesAfter } from './what-if.js';

// Shapes: K episodes, T experiments, S sets of targets, d variables.

/** A state that was reached, and what each of some experiments would have been worth there. */
export interface TriedState {
  readonly history: History;
  /** [S, d]: 1 or -1, the sign of its value, for the targets of a set, 0 for other variables. */
  readonly sets: Int8Array;
  /** [S]: Phi after the set's experiment minus its mean over the sets. */
  readonly advantages: Float32Array;
}

/** Values [K, S] of sets of targets, [K] of [S, d]. */
export type SetValuation = (histories: readonly History[], sets: readonly Int8Array[]) => Float32Array;

export interface CollectOptions {
  readonly prior: CausalModelPrior;
  readonly settings: DesignEnvSettings;
  readonly posterior: GraphPosterior;
  readonly valueOf: SetValuation;
  /** [S', d], all sets of targets that may be tried, as in `TriedState`. */
  readonly sets: Int8Array;
  /** Sets tried in a state; all where there are no more. */
  readonly candidates: number;
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
    const sets = choices.map((stream) => drawSets(options, stream.child('sets')));
    const tried = episodes.map((episode, k) => tryOut(episode, sets[k]!, choices[k]!.child('sign').sign()));
    const potentials = potentialsAfter(options, episodes, tried);
    const histories = episodes.map(({ history }) => history.prefix(history.rows));
    const values = options.valueOf(histories, sets);
    finalPotentials = new Float32Array(streams.length);
    episodes.forEach((episode, k) => {
      const count = tried[k]!.length;
      const own = potentials.subarray(k * count, (k + 1) * count);
      states.push({ history: histories[k]!, sets: sets[k]!, advantages: centred(own) });
      const chosen = choose(values.subarray(k * count, (k + 1) * count), options.exploration, choices[k]!);
      finalPotentials[k] = own[chosen]!;
      episode.carryOut(tried[k]![chosen]!.intervention);
    });
  }
  return { states, finalPotentials, spread: rootMeanSquare(states.map(({ advantages }) => advantages)) };
}

/** [S, d]: all sets, or as many drawn ones as are tried. */
function drawSets({ sets, candidates, prior }: CollectOptions, stream: RandomStream): Int8Array {
  const { size } = prior;
  const count = sets.length / size;
  if (count <= candidates) return sets;
  const drawn = new Int8Array(candidates * size);
  stream
    .permutation(count)
    .subarray(0, candidates)
    .forEach((set, s) => {
      drawn.set(sets.subarray(set * size, (set + 1) * size), s * size);
    });
  return drawn;
}

function tryOut(episode: Episode, sets: Int8Array, sign: number) {
  const { interventionKind, valueRange } = episode.settings;
  const { size } = episode.model;
  return Array.from({ length: sets.length / size }, (_, s) => {
    const set = sets.subarray(s * size, (s + 1) * size);
    const targets = Uint8Array.from(set, Math.abs);
    const values = Float32Array.from(set, (own) => sign * own * valueRange);
    const intervention = intervene(interventionKind, targets, values);
    return { intervention, rows: episode.wouldMeasure(intervention) };
  });
}

/** Phi [K, S] after every outcome. */
function potentialsAfter(
  { posterior, settings }: CollectOptions,
  episodes: readonly Episode[],
  tried: readonly ReturnType<typeof tryOut>[],
): Float32Array {
  const probabilities = probabilitiesAfter(
    posterior,
    tried.map((outcomes, k) => ({ history: episodes[k]!.history, outcomes })),
  );
  const graphs = tried.flatMap((outcomes, k) => outcomes.map(() => episodes[k]!.model.graph));
  const entries = probabilities.length / Math.max(1, graphs.length);
  return Float32Array.from(graphs, (graph, at) =>
    potential(settings.reward, probabilities.subarray(at * entries, (at + 1) * entries), graph),
  );
}

function choose(values: Float32Array, exploration: number, stream: RandomStream): number {
  if (stream.child('explore').bernoulli(exploration)) return stream.child('random').integer(values.length);
  return values.reduce((best, value, at) => (value > values[best]! ? at : best), 0);
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
