import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { BernoulliTargetDistribution } from '../../../../models/policy/distributions/bernoulli-targets.js';
import { SingleTargetDistribution } from '../../../../models/policy/distributions/single-target.js';
import { SwitchTargetDistribution } from '../../../../models/policy/distributions/switch-targets.js';
import type {
  AllowedTargets,
  TargetDistribution,
} from '../../../../models/policy/distributions/target-distribution.js';
import { SubsetTargetDistribution } from '../../../../models/policy/distributions/target-subset.js';

// Every distribution over d = 4 variables is compared with the list of all 16 target sets.

const SIZE = 4;
const LIMITS = { minimumTargets: 0, maximumTargets: 3 };

interface DistributionCase {
  readonly name: string;
  /** Numbers that the distribution is made from, [inputs]. */
  readonly inputs: number;
  make(x: tf.Tensor2D, allowed?: AllowedTargets): TargetDistribution;
}

const columns = (x: tf.Tensor2D, first: number, count: number) =>
  tf.slice(x, [0, first], [x.shape[0], count]) as tf.Tensor2D;

const CASES: readonly DistributionCase[] = [
  {
    name: 'independent',
    inputs: 2 * SIZE,
    make: (x, allowed) =>
      new SwitchTargetDistribution(
        tf.expandDims(columns(x, 0, SIZE), 2) as tf.Tensor3D,
        tf.mul(0.3, tf.expandDims(columns(x, SIZE, SIZE), 2)) as tf.Tensor3D,
        allowed,
      ),
  },
  { name: 'single', inputs: SIZE, make: (x, allowed) => new SingleTargetDistribution(x, allowed) },
  { name: 'bernoulli', inputs: SIZE, make: (x, allowed) => new BernoulliTargetDistribution(x, allowed) },
  {
    name: 'subset',
    inputs: SIZE + LIMITS.maximumTargets + 1,
    make: (x, allowed) =>
      new SubsetTargetDistribution(columns(x, 0, SIZE), columns(x, SIZE, LIMITS.maximumTargets + 1), {
        ...LIMITS,
        ...(allowed === undefined ? {} : { allowed }),
      }),
  },
];

const ALL_SETS = Array.from({ length: 2 ** SIZE }, (_, code) =>
  Uint8Array.from({ length: SIZE }, (_bit, i) => (code >> i) & 1),
);

function inputsOf({ inputs, name }: DistributionCase, batch = 1): tf.Tensor2D {
  const values = new Float32Array(batch * inputs);
  new RandomStream(`distribution/${name}`).fillNormal(values);
  return tf.tensor2d(values, [batch, inputs]);
}

/** Log-probabilities of all sets under a distribution of one history; sets of probability 0 give less than -1e8. */
const logProbabilities = (distribution: TargetDistribution) =>
  ALL_SETS.map((set) => distribution.logProbability(set).dataSync()[0]!);

beforeAll(async () => {
  await useBackend();
});

describe.each(CASES)('the distribution of the $name head', (distributionCase) => {
  // Sets larger than the subset head's limit, and all but one target for the single head, are not in its support.
  const isPossible = (set: Uint8Array) => {
    const count = set.reduce((n, flag) => n + flag, 0);
    if (distributionCase.name === 'single') return count === 1;
    return distributionCase.name !== 'subset' || count <= LIMITS.maximumTargets;
  };

  test('probabilities sum to 1 and give the entropy', () => {
    const distribution = distributionCase.make(inputsOf(distributionCase));
    const possible = logProbabilities(distribution).filter((_, code) => isPossible(ALL_SETS[code]!));
    const total = possible.reduce((sum, l) => sum + Math.exp(l), 0);
    expect(total).toBeCloseTo(1, 5);
    const entropy = -possible.reduce((sum, l) => sum + l * Math.exp(l), 0);
    expect(distribution.entropy().dataSync()[0]).toBeCloseTo(entropy, 4);
  });

  test('draws come with these probabilities, and the mode has the largest', () => {
    const distribution = distributionCase.make(inputsOf(distributionCase));
    const logs = logProbabilities(distribution);
    const draws = 4000;
    const counts = new Float64Array(ALL_SETS.length);
    for (let draw = 0; draw < draws; draw++) {
      const flags = distribution.draw([new RandomStream(`draw/${distributionCase.name}/${draw}`)]);
      counts[flags.reduce((code, flag, i) => code + (flag << i), 0)]!++;
    }
    counts.forEach((count, code) => {
      const p = isPossible(ALL_SETS[code]!) ? Math.exp(logs[code]!) : 0;
      expect(Math.abs(count / draws - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / draws));
    });
    const best = ALL_SETS.filter(isPossible).reduce((a, b) =>
      distribution.logProbability(b).dataSync()[0]! > distribution.logProbability(a).dataSync()[0]! ? b : a,
    );
    expect([...distribution.mode()]).toEqual([...best]);
  });

  test('a batch gives each history what it gets alone', () => {
    const inputs = inputsOf(distributionCase, 3);
    const together = distributionCase.make(inputs);
    const set = Uint8Array.of(0, 1, 0, 0);
    const joined = together.logProbability(Uint8Array.from([...set, ...set, ...set])).dataSync();
    const streams = () => [0, 1, 2].map((b) => new RandomStream(`batch/${b}`));
    const drawn = together.draw(streams());
    for (let b = 0; b < 3; b++) {
      const alone = distributionCase.make(tf.slice(inputs, [b, 0], [1, distributionCase.inputs]));
      expect(alone.logProbability(set).dataSync()[0]).toBeCloseTo(joined[b]!, 5);
      expect([...alone.draw([streams()[b]!])]).toEqual([...drawn.subarray(b * SIZE, (b + 1) * SIZE)]);
    }
  });

  test('forbidden variables are never targets, and the rest still sums to 1', () => {
    const allowed = Uint8Array.of(1, 0, 1, 0);
    const distribution = distributionCase.make(inputsOf(distributionCase), allowed);
    const sets = ALL_SETS.filter((set) => isPossible(set) && set.every((flag, i) => flag <= allowed[i]!));
    const logs = sets.map((set) => distribution.logProbability(set).dataSync()[0]!);
    expect(logs.reduce((sum, l) => sum + Math.exp(l), 0)).toBeCloseTo(1, 5);
    const entropy = -logs.reduce((sum, l) => sum + l * Math.exp(l), 0);
    expect(distribution.entropy().dataSync()[0]).toBeCloseTo(entropy, 4);
    for (let draw = 0; draw < 200; draw++) {
      const flags = distribution.draw([new RandomStream(`masked/${draw}`)]);
      expect([flags[1], flags[3]]).toEqual([0, 0]);
    }
    expect([distribution.mode()[1], distribution.mode()[3]]).toEqual([0, 0]);
  });

  test('gradients of log-probability and entropy match central differences', () => {
    const at = Array.from(inputsOf(distributionCase).dataSync());
    const set = Uint8Array.of(0, 0, 1, 0);
    const f = (x: tf.Tensor) => {
      const distribution = distributionCase.make(x as tf.Tensor2D);
      return tf.add(tf.sum(distribution.logProbability(set)), tf.mul(0.7, tf.sum(distribution.entropy()))) as tf.Scalar;
    };
    const analytic = tf
      .grad(f)(tf.tensor2d(at, [1, at.length]))
      .dataSync();
    at.forEach((_, k) => {
      const moved = (step: number) =>
        f(
          tf.tensor2d(
            at.map((v, i) => (i === k ? v + step : v)),
            [1, at.length],
          ),
        ).dataSync()[0]!;
      expect(analytic[k]).toBeCloseTo((moved(1e-2) - moved(-1e-2)) / 2e-2, 2);
    });
  });
});

describe('limits', () => {
  test('equal logits give the exact gradient too', () => {
    const f = (x: tf.Tensor) =>
      tf.sum(
        new SubsetTargetDistribution(x as tf.Tensor2D, tf.zeros([1, 3]), {
          minimumTargets: 1,
          maximumTargets: 2,
        }).logProbability(Uint8Array.of(1, 0, 0)),
      ) as tf.Scalar;
    // d/d logit_i of log P({0} | k = 1) = [i = 0] - 1/3.
    const gradient = tf
      .grad(f)(tf.zeros([1, 3]))
      .dataSync();
    [2 / 3, -1 / 3, -1 / 3].forEach((want, i) => {
      expect(gradient[i]).toBeCloseTo(want, 5);
    });
  });

  test('the smallest number of targets is kept, also where fewer sizes remain than the largest', () => {
    const limits = { minimumTargets: 2, maximumTargets: 6 };
    const distribution = new SubsetTargetDistribution(tf.zeros([1, 3]), tf.zeros([1, 7]), limits);
    for (let draw = 0; draw < 50; draw++) {
      const count = distribution.draw([new RandomStream(`few/${draw}`)]).reduce((n, flag) => n + flag, 0);
      expect(count === 2 || count === 3).toBe(true);
    }
    expect(distribution.logProbability(Uint8Array.of(1, 1, 1)).dataSync()[0]).toBeCloseTo(Math.log(1 / 2), 5);
  });

  test('too few allowed targets are refused in words', () => {
    expect(() => new SingleTargetDistribution(tf.zeros([1, 3]), new Uint8Array(3))).toThrow(
      /history 0 allows 0 of 3 variables as targets, but this policy chooses at least 1/,
    );
    expect(
      () =>
        new SubsetTargetDistribution(tf.zeros([1, 3]), tf.zeros([1, 4]), {
          minimumTargets: 2,
          maximumTargets: 3,
          allowed: Uint8Array.of(0, 1, 0),
        }),
    ).toThrow(/allows 1 of 3/);
  });
});
