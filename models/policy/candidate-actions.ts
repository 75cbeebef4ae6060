import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../core/random/stream.js';
import type { ActionDistribution } from './action-head.js';
import { flagTensor } from './distributions/target-distribution.js';
import { sampleValues } from './distributions/value-signs.js';

// Shapes: B histories, M candidates, d variables, C action numbers per variable.

/** Actions whose weighted mean stands for the expectation over a policy's choice of targets. */
export interface CandidateActions {
  /** [B, M, d, C]: switches of -1 or 1, values where the switch is on and 0 elsewhere; differentiable in the values. */
  readonly actions: tf.Tensor4D;
  /** [B, M], summing to 1: the probabilities of the target sets if they are all there is, else 1 / M. */
  readonly weights: tf.Tensor2D;
  /** [B, M]: log pi of targets and used values. */
  readonly logProbability: tf.Tensor2D;
  /** [B, M] log-probability of the target sets where they were drawn; undefined where `weights` is exact. */
  readonly drawnLogProbability: tf.Tensor2D | undefined;
}

export interface CandidateOptions {
  /** Candidates to draw where the target sets are too many to list. */
  readonly draws: number;
  readonly stream: RandomStream;
}

/**
 * All target sets of a small support, else `draws` drawn ones, each with reparameterised values that the candidates of a
 * history share the noise of.
 */
export function candidateActions(
  distribution: ActionDistribution,
  [batch, size]: readonly [number, number],
  { draws, stream }: CandidateOptions,
): CandidateActions {
  const { value } = distribution;
  const choices = listedChoices(distribution, batch * size) ?? drawnChoices(distribution, batch, { draws, stream });
  const isDrawn = distribution.targets.enumerate === undefined;
  const choiceLogProbability = stackCandidates(choices.map((choice) => choiceLog(distribution, choice)));
  const flags = stackCandidates(choices.map(({ targets }) => flagTensor(targets, batch, size)));
  const switches = tf.sub(tf.mul(2, flags), 1);
  const common = {
    weights: (isDrawn
      ? tf.fill([batch, choices.length], 1 / choices.length)
      : tf.exp(choiceLogProbability)) as tf.Tensor2D,
    drawnLogProbability: isDrawn ? (choiceLogProbability as tf.Tensor2D) : undefined,
  };
  if (value === undefined) {
    const actions = tf.expandDims(switches, 3) as tf.Tensor4D;
    return { ...common, actions, logProbability: choiceLogProbability as tf.Tensor2D };
  }
  const noise = tf.tensor2d(stream.child('noise').fillNormal(new Float32Array(batch * size)), [batch, size]);
  const numbers = choices.map(({ positive }) => sampleValues(value, noise, positive));
  const values = tf.mul(flags, stackCandidates(numbers.map(({ action }) => action)));
  const densities = tf.mul(flags, stackCandidates(numbers.map(({ logDensity }) => logDensity)));
  return {
    ...common,
    actions: tf.stack([switches, values], 3) as tf.Tensor4D,
    logProbability: tf.add(choiceLogProbability, tf.sum(densities, 2)) as tf.Tensor2D,
  };
}

/** Targets of every history and, where they are chosen, the signs of their values: both [B * d]. */
interface Choice {
  readonly targets: Uint8Array;
  readonly positive: Uint8Array | undefined;
}

/** Every choice, if the target sets can be listed: such sets have one target, so with it either all signs or none count. */
function listedChoices({ targets, signs }: ActionDistribution, entries: number): Choice[] | undefined {
  const patterns = signs === undefined ? [undefined] : [new Uint8Array(entries).fill(1), new Uint8Array(entries)];
  return targets.enumerate?.().flatMap((set) => patterns.map((positive) => ({ targets: set, positive })));
}

function drawnChoices(
  { targets, signs }: ActionDistribution,
  batch: number,
  { draws, stream }: CandidateOptions,
): Choice[] {
  return Array.from({ length: draws }, (_, m) => {
    const streams = streamsFor(stream.child('draw', m), batch);
    return { targets: targets.draw(streams), positive: signs?.draw(streams) };
  });
}

function choiceLog({ targets, signs }: ActionDistribution, choice: Choice): tf.Tensor1D {
  const ofTargets = targets.logProbability(choice.targets);
  if (signs === undefined || choice.positive === undefined) return ofTargets;
  return tf.add(ofTargets, signs.logProbability(choice.positive, choice.targets)) as tf.Tensor1D;
}

/** Tensors [B, ...] of M candidates as one [B, M, ...]. */
function stackCandidates(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.stack([...tensors], 1);
}

function streamsFor(stream: RandomStream, count: number): RandomStream[] {
  return Array.from({ length: count }, (_, b) => stream.child(b));
}
