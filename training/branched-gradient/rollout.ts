import * as tf from '@tensorflow/tfjs';
import type { History } from '../../core/causal/history.js';
import type { Intervention } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignContext } from '../../models/design-strategy.js';
import { asFlagChannel, asValueChannel } from '../../models/networks/differentiable-scaling.js';
import { type HistoryBatch, packHistories, toHistoryBatch } from '../../models/networks/history-batch.js';
import { playEpisodes } from '../../models/play-episodes.js';
import { interventionsFromFlags } from '../../models/policy/action-numbers.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';
import { tanhGaussianNumbers } from '../../models/policy/distributions/tanh-gaussian.js';
import { flagTensor } from '../../models/policy/distributions/target-distribution.js';
import { sampleValues, type ValueGaussian } from '../../models/policy/distributions/value-signs.js';
import type { TargetChoice } from '../../models/strategies/target-choices.js';
import { detached } from '../loop/score-function.js';
import { appendRows } from './append-rows.js';
import type { Branches } from './branches.js';

// Shapes: B rollouts, n rows so far, r rows per experiment, d variables, T experiments.

export interface RolloutOptions {
  readonly policy: DesignPolicy;
  readonly branches: Branches;
  /** Whether gradients pass through the values of experiments; else values learn by score function. */
  readonly pathwise: boolean;
  /** Names the decisions: rollout b draws from children of number b, shared value noise from children of its group. */
  readonly stream: RandomStream;
  readonly branchesPerGroup: number;
  /** Chooses the targets in the policy's place. @defaultValue the policy draws them */
  readonly teacher?: TargetChoice;
  /** Called after each decision was carried out, and once before the first with t = 0. */
  readonly onStep?: (t: number) => void;
}

/** One decision in every rollout. */
export interface RolloutStep {
  /** [B]: log-probability of the targets alone. */
  readonly targetLogProbability: tf.Tensor1D;
  /** [B]: log-probability of what is credited by score function: targets, chosen signs, and values when not pathwise. */
  readonly logProbability: tf.Tensor1D;
  /** [B]: entropy of the choice of targets, nats. */
  readonly entropy: tf.Tensor1D;
  /** Targets chosen, all rollouts together, and the sum of their |value| in units of the range. */
  readonly targetCount: number;
  readonly valueStrength: number;
}

export interface Rollout {
  readonly steps: readonly RolloutStep[];
  /** The whole histories [B, n0 + T r, d, 2]; differentiable in the policy where pathwise. */
  readonly channels: tf.Tensor4D;
}

/**
 * Plays all branches to the end inside a gradient tape: the history that the policy reads at step t is the tensor that its
 * earlier decisions produced, so gradients of values also pass through later decisions.
 */
export function playBranches(options: RolloutOptions): Rollout {
  const { branches, onStep, stream } = options;
  const packed = () => toHistoryBatch(packHistories(branches.episodes.map(({ history }) => history)));
  const start = branches.settings.initialRows > 0 ? packed().channels : undefined;
  const experiments: tf.Tensor4D[] = [];
  const joined = (): HistoryBatch =>
    start === undefined && experiments.length === 0
      ? packed()
      : { channels: appendRows(start, experiments), rowMask: undefined };
  const decisions: Decision[] = [];
  const propose = (context: DesignContext): Intervention[] => {
    const decision = decide(joined(), context, options);
    decisions.push(decision);
    return decision.interventions;
  };
  playEpisodes(
    branches,
    { name: 'rollout', knowledge: [], propose },
    {
      streams: branches.episodes.map(() => stream),
      choiceStream: (own, t, b) => own.child('targets', t, b),
      watch: (round) => {
        const last = decisions[round - 1];
        if (last !== undefined) experiments.push(measuredChannels(last, options));
        onStep?.(round);
      },
    },
  );
  return { steps: decisions, channels: joined().channels };
}

interface Decision extends RolloutStep {
  readonly interventions: Intervention[];
  /** [B, d], 1 where a variable is a target. */
  readonly flagged: tf.Tensor2D;
  /** [B, d] values in units of the range; undefined for kinds without values. */
  readonly action: tf.Tensor2D | undefined;
}

function decide(
  batch: HistoryBatch,
  { step: t, histories, streams }: DesignContext,
  options: RolloutOptions,
): Decision {
  const { policy, branches, pathwise, stream, teacher } = options;
  const { count, size, settings } = branches;
  const training = { dropoutSeed: stream.child('dropout', t).integer(2 ** 32) };
  const { targets, value, signs } = policy.distribution(batch, training);
  const flags = teacher === undefined ? targets.draw(streams) : taughtTargets(teacher, histories, streams);
  const positive = signs?.draw(streams);
  const flagged = flagTensor(flags, count, size);
  const targetLogProbability = targets.logProbability(flags);
  let logProbability = targetLogProbability;
  if (signs !== undefined && positive !== undefined)
    logProbability = tf.add(logProbability, signs.logProbability(positive, flags));
  let action: tf.Tensor2D | undefined;
  if (value !== undefined) {
    const noise = tf.tensor2d(valueNoise(t, options), [count, size]);
    action = sampleValues(value, noise, positive).action;
    if (!pathwise) {
      const logDensity = densityOfDrawnValues(value, noise);
      logProbability = tf.add(logProbability, tf.sum(tf.mul(flagged, logDensity), 1));
    }
  }
  const numbers = action?.dataSync<'float32'>();
  return {
    interventions: interventionsFromFlags(flags, numbers, { size, ...settings }),
    flagged,
    action,
    targetLogProbability,
    logProbability,
    entropy: targets.entropy(),
    targetCount: flags.reduce((sum, flag) => sum + flag, 0),
    valueStrength: numbers?.reduce((sum, number, at) => sum + flags[at]! * Math.abs(number), 0) ?? 0,
  };
}

/** Flags [B * d]. */
function taughtTargets(
  teacher: TargetChoice,
  histories: readonly History[],
  streams: readonly RandomStream[],
): Uint8Array {
  return Uint8Array.from(histories.flatMap((history, b) => [...teacher(history, streams[b]!)]));
}

/** What an experiment measured as channels [B, r, d, 2], differentiable in its values where these are pathwise. */
function measuredChannels({ interventions, flagged, action }: Decision, options: RolloutOptions): tf.Tensor4D {
  const { branches, pathwise } = options;
  const { count, size, settings } = branches;
  const values = tf.tensor3d(branches.lastRows(), [count, settings.rowsPerExperiment, size]);
  const rows =
    pathwise && action !== undefined
      ? withResponse(
          values,
          tf.mul(settings.valueRange, action),
          tf.tensor3d(branches.effects(interventions), [count, size, size]),
        )
      : values;
  const rowFlags = tf.tile(tf.expandDims(flagged, 1), [1, settings.rowsPerExperiment, 1]);
  return tf.add(asValueChannel(rows), asFlagChannel(rowFlags)) as tf.Tensor4D;
}

/**
 * Standard normals [B, d]. Pathwise, branches of a group share them: then they differ by their targets alone, and the mean
 * of the other branches is a better baseline. By score function every branch needs its own.
 */
function valueNoise(t: number, { branches, branchesPerGroup, pathwise, stream }: RolloutOptions): Float32Array {
  const { count, size } = branches;
  const noise = new Float32Array(count * size);
  for (let b = 0; b < count; b++) {
    const owner = pathwise ? ['group', Math.floor(b / branchesPerGroup)] : ['rollout', b];
    stream.child('values', t, ...owner).fillNormal(noise.subarray(b * size, (b + 1) * size));
  }
  return noise;
}

/** Log-density [B, d] of the values that `noise` gave, as a function of the Gaussian's parameters with the values fixed. */
function densityOfDrawnValues(value: ValueGaussian, noise: tf.Tensor2D): tf.Tensor {
  const unsquashed = detached(tf.add(value.mean, tf.mul(tf.exp(value.logStd), noise)));
  const standardized = tf.div(tf.sub(unsquashed, value.mean), tf.exp(value.logStd));
  return tanhGaussianNumbers(value.mean, value.logStd, standardized).logDensity;
}

/** The simulator's own rows [B, r, d] with the derivative of its affine response in the values [B, d] attached. */
function withResponse(rows: tf.Tensor3D, values: tf.Tensor, effects: tf.Tensor3D): tf.Tensor3D {
  const movement = tf.expandDims(tf.sub(values, detached(values)), 1) as tf.Tensor3D;
  return tf.add(rows, tf.matMul(movement, effects)) as tf.Tensor3D;
}
