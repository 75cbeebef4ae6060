import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { valueAndGradients } from '../../../core/tensor/optimizers.js';
import { standardizedChannels } from '../../../models/networks/differentiable-scaling.js';
import type { DesignPolicy } from '../../../models/policy/design-policy.js';
import type { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { Branches } from '../../../training/branched-gradient/branches.js';
import { differentiablePotential } from '../../../training/branched-gradient/differentiable-potential.js';
import { playBranches, type Rollout } from '../../../training/branched-gradient/rollout.js';
import { decisionCredits, surrogateLoss } from '../../../training/branched-gradient/surrogate.js';
import { SIZE, toyEnvironment, toyGroups, toyPolicy, toyPosterior } from './toy-experiment.js';

let posterior: AmortizedGraphPosterior;

beforeAll(async () => {
  await useBackend({ threads: 1 });
  posterior = toyPosterior();
});

const makeBranches = (groups: number, branches: number, environment = toyEnvironment()) =>
  new Branches(environment.settings, environment.prior, { groups: toyGroups(groups), branches });

function finalPotential({ channels }: Rollout, branches: Branches): tf.Tensor1D {
  const logits = posterior.logits({ channels: standardizedChannels(channels), rowMask: undefined });
  const graphs = tf.tensor3d(branches.graphs(), [branches.count, SIZE, SIZE]);
  return differentiablePotential('expectedCorrectEntries', logits, graphs);
}

/** Gradient of -E[Phi(h_T)] estimated from one draw of the decisions; system and noise are those of `toyGroups`. */
function estimate(
  policy: DesignPolicy,
  options: {
    groups: number;
    branches: number;
    pathwise: boolean;
    draw: number;
    objective: 'final' | 'telescoped';
    environment?: ReturnType<typeof toyEnvironment>;
  },
): Float64Array {
  const { gradients } = valueAndGradients(() => {
    const branches = makeBranches(options.groups, options.branches, options.environment);
    const potentials: Float32Array[] = [];
    const { budget } = branches.settings;
    const rollout = playBranches({
      policy,
      branches,
      pathwise: options.pathwise,
      stream: new RandomStream(`estimate/${options.draw}`),
      branchesPerGroup: options.branches,
      onStep: (t) => {
        if (t === budget) return;
        const probabilities = posterior.edgeProbabilities(branches.episodes.map(({ history }) => history));
        const graphs = branches.graphs();
        potentials.push(
          Float32Array.from({ length: branches.count }, (_, b) => {
            let sum = 0;
            for (let at = b * SIZE * SIZE; at < (b + 1) * SIZE * SIZE; at++)
              sum += graphs[at] === 1 ? probabilities[at]! : 1 - probabilities[at]!;
            return sum;
          }),
        );
      },
    });
    const final = finalPotential(rollout, branches);
    potentials.push(final.dataSync<'float32'>().slice());
    return surrogateLoss({
      finalPotential: options.pathwise ? final : tf.tensor1d(potentials[budget]!),
      logProbabilities: rollout.steps.map(({ logProbability }) => logProbability),
      credits: decisionCredits(potentials, options.objective, budget),
      entropies: rollout.steps.map(({ entropy }) => entropy),
      branches: options.branches,
      entropyWeight: 0,
    });
  }, policy.parameters);
  const flat = gradients.flatMap((gradient) => Array.from(gradient.dataSync()));
  tf.dispose(gradients);
  return Float64Array.from(flat);
}

/** The policy with its choices of targets, and of their signs where it chooses them, replaced by a fixed sequence. */
function forced(policy: DesignPolicy, sequence: readonly number[], isPositive = 1): DesignPolicy {
  let t = 0;
  const positive = new Uint8Array(SIZE).fill(isPositive);
  const distribution: DesignPolicy['distribution'] = (batch, training) => {
    const original = policy.distribution(batch, training);
    const flags = Uint8Array.from({ length: SIZE }, (_, i) => (i === sequence[t] ? 1 : 0));
    t++;
    const targets = {
      logProbability: (of: Uint8Array) => original.targets.logProbability(of),
      entropy: () => original.targets.entropy(),
      mode: () => flags,
      draw: () => flags,
    };
    const signs = original.signs && {
      logProbability: (...of: [Uint8Array, Uint8Array]) => original.signs!.logProbability(...of),
      draw: () => positive,
    };
    return { ...original, targets, signs: signs as typeof original.signs };
  };
  return { distribution } as unknown as DesignPolicy;
}

/** Gradient of -E[Phi(h_2)] by listing all 9 sequences of two single targets. */
function enumeratedGradient(policy: DesignPolicy): Float64Array {
  const { gradients } = valueAndGradients(() => {
    const terms: tf.Tensor[] = [];
    for (let first = 0; first < SIZE; first++)
      for (let second = 0; second < SIZE; second++) {
        const branches = makeBranches(1, 1);
        const rollout = playBranches({
          policy: forced(policy, [first, second]),
          branches,
          pathwise: true,
          stream: new RandomStream('enumerate'),
          branchesPerGroup: 1,
        });
        const [a, b] = rollout.steps.map(({ logProbability }) => logProbability);
        terms.push(tf.mul(tf.exp(tf.add(a!, b!)), finalPotential(rollout, branches)));
      }
    return tf.neg(tf.sum(tf.stack(terms))) as tf.Scalar;
  }, policy.parameters);
  return Float64Array.from(gradients.flatMap((gradient) => Array.from(gradient.dataSync())));
}

/** Gradient of -E[Phi(h_1)] by listing the single targets with both signs of their values. */
function enumeratedSignGradient(policy: DesignPolicy, environment: ReturnType<typeof toyEnvironment>): Float64Array {
  const { gradients } = valueAndGradients(() => {
    const terms = Array.from({ length: 2 * SIZE }, (_, choice) => {
      const branches = makeBranches(1, 1, environment);
      const rollout = playBranches({
        policy: forced(policy, [choice >> 1], choice & 1),
        branches,
        pathwise: true,
        stream: new RandomStream('enumerate'),
        branchesPerGroup: 1,
      });
      return tf.mul(tf.exp(rollout.steps[0]!.logProbability), finalPotential(rollout, branches));
    });
    return tf.neg(tf.sum(tf.stack(terms))) as tf.Scalar;
  }, policy.parameters);
  return Float64Array.from(gradients.flatMap((gradient) => Array.from(gradient.dataSync())));
}

/** Mean and standard error of every gradient entry over repeated draws. */
function moments(draws: number, one: (draw: number) => Float64Array) {
  let sum = new Float64Array();
  let squares = new Float64Array();
  for (let draw = 0; draw < draws; draw++) {
    const gradient = one(draw);
    if (draw === 0) [sum, squares] = [new Float64Array(gradient.length), new Float64Array(gradient.length)];
    gradient.forEach((g, at) => {
      sum[at]! += g;
      squares[at]! += g * g;
    });
  }
  const mean = sum.map((total) => total / draws);
  const error = squares.map((square, at) => Math.sqrt(Math.max(0, square / draws - mean[at]! ** 2) / draws));
  return { mean, error };
}

const norm = (x: Float64Array) => Math.sqrt(x.reduce((total, value) => total + value * value, 0));

/** The entries of a gradient are correlated, so they are judged together: |difference| in units of its standard error. */
const deviation = (a: Float64Array, b: Float64Array, error: Float64Array) =>
  norm(a.map((value, at) => value - b[at]!)) / norm(error);

describe('the branched estimate', () => {
  test.each(['final', 'telescoped'] as const)(
    '%s: its mean is the gradient found by listing all choices',
    (objective) => {
      // Values without noise leave the choice of targets as the only randomness.
      const policy = toyPolicy({ kind: 'single' }, { initialStd: 1e-7 });
      const exact = enumeratedGradient(policy);
      const options = { groups: 1, branches: 8, pathwise: true, objective } as const;
      const { mean, error } = moments(50, (draw) => estimate(policy, { ...options, draw }));
      expect(norm(error)).toBeLessThan(0.3 * norm(exact));
      expect(deviation(mean, exact, error)).toBeLessThan(3);
      policy.dispose();
    },
  );

  test('chosen signs are credited as the targets are', () => {
    const environment = toyEnvironment({ budget: 1 });
    const policy = toyPolicy({ kind: 'single', valueSign: 'chosen' }, { initialStd: 1e-7 });
    const exact = enumeratedSignGradient(policy, environment);
    const options = { groups: 1, branches: 8, pathwise: true, objective: 'final', environment } as const;
    const { mean, error } = moments(120, (draw) => estimate(policy, { ...options, draw }));
    expect(norm(error)).toBeLessThan(0.3 * norm(exact));
    expect(deviation(mean, exact, error)).toBeLessThan(3);
    policy.dispose();
  });

  test('score function and pathwise gradients of values agree', () => {
    const environment = toyEnvironment({ budget: 1, initialRows: 16 });
    const policy = toyPolicy({ kind: 'bernoulli' }, { initialStd: 0.9 });
    const options = { groups: 6, branches: 8, objective: 'final', environment } as const;
    const pathwise = moments(50, (draw) => estimate(policy, { ...options, draw, pathwise: true }));
    const score = moments(50, (draw) => estimate(policy, { ...options, draw: 1000 + draw, pathwise: false }));
    const error = pathwise.error.map((e, at) => Math.hypot(e, score.error[at]!));
    expect(norm(error)).toBeLessThan(0.8 * norm(score.mean));
    expect(deviation(pathwise.mean, score.mean, error)).toBeLessThan(3);
    policy.dispose();
  });

  test('gradients of values pass through simulator, posterior and later decisions as central differences say', () => {
    const policy = toyPolicy({ kind: 'single' });
    const play = () => {
      const branches = makeBranches(4, 2, toyEnvironment({ budget: 3 }));
      const stream = new RandomStream('differences');
      const rollout = playBranches({ policy, branches, pathwise: true, stream, branchesPerGroup: 2 });
      return tf.mean(finalPotential(rollout, branches)) as tf.Scalar;
    };
    const bias = policy.parameters.get('head/linear1/bias');
    const { gradients } = valueAndGradients(play, policy.parameters);
    const analytic = gradients[policy.parameters.names.indexOf('head/linear1/bias')]!.dataSync();
    const start = Array.from(bias.dataSync());
    // Outputs 1 and 2 are mean and log standard deviation of the value; output 0 moves the discrete choice.
    for (const output of [1, 2]) {
      const moved = (step: number) => {
        bias.assign(tf.tensor1d(start.map((v, i) => (i === output ? v + step : v))));
        const value = play().dataSync()[0]!;
        bias.assign(tf.tensor1d(start));
        return value;
      };
      // A short step: rectifiers and the max-pool bend the function every few thousandths.
      const difference = (moved(3e-4) - moved(-3e-4)) / 6e-4;
      expect(Math.abs(difference)).toBeGreaterThan(0.01);
      expect(Math.abs(analytic[output]! - difference)).toBeLessThan(0.05 * Math.abs(difference) + 1e-3);
    }
    policy.dispose();
  });
});
