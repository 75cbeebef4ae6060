import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../core/random/stream.js';
import type { ActionDistribution } from './action-head.js';
import { tanhGaussianNumbers } from './tanh-gaussian.js';
import { flagTensor } from './target-law.js';

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
  { targets, value }: ActionDistribution,
  [batch, size]: readonly [number, number],
  { draws, stream }: CandidateOptions,
): CandidateActions {
  const all = targets.enumerate?.();
  const sets = all ?? Array.from({ length: draws }, (_, m) => targets.draw(streamsFor(stream.child('draw', m), batch)));
  const setLogProbability = tf.stack(
    sets.map((set) => targets.logProbability(set)),
    1,
  ) as tf.Tensor2D;
  const flags = tf.stack(
    sets.map((set) => flagTensor(set, batch, size)),
    1,
  ) as tf.Tensor3D;
  const weights = (
    all === undefined ? tf.fill([batch, sets.length], 1 / sets.length) : tf.exp(setLogProbability)
  ) as tf.Tensor2D;
  const drawnLogProbability = all === undefined ? setLogProbability : undefined;
  const switches = tf.sub(tf.mul(2, flags), 1);
  if (value === undefined)
    return {
      actions: tf.expandDims(switches, 3) as tf.Tensor4D,
      weights,
      logProbability: setLogProbability,
      drawnLogProbability,
    };
  const noise = tf.tensor2d(stream.child('noise').fillNormal(new Float32Array(batch * size)), [batch, size]);
  const numbers = tanhGaussianNumbers(value.mean, value.logStd, noise);
  const used = (x: tf.Tensor) => tf.mul(flags, tf.expandDims(x, 1));
  return {
    actions: tf.stack([switches, used(numbers.action)], 3) as tf.Tensor4D,
    weights,
    logProbability: tf.add(setLogProbability, tf.sum(used(numbers.logDensity), 2)) as tf.Tensor2D,
    drawnLogProbability,
  };
}

function streamsFor(stream: RandomStream, count: number): RandomStream[] {
  return Array.from({ length: count }, (_, b) => stream.child(b));
}
