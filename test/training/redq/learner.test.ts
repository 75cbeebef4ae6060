import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { CriticConfig } from '../../../models/policy/critic-config.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { RedqConfig } from '../../../training/config/redq-config.js';
import { RedqLearner } from '../../../training/redq/learner.js';
import { EpisodeReplay } from '../../../training/redq/replay.js';

const layout = { size: 3, initialRows: 2, budget: 3, rowsPerExperiment: 1, channels: 2 };
const network = { width: 8, heads: 2, pairs: 1, hidden: [16] };

function makeLearner(overrides: Partial<Parameters<typeof RedqConfig.parse>[0] & object> = {}): RedqLearner {
  return new RedqLearner({
    config: RedqConfig.parse({
      kind: 'redq',
      iterations: 1,
      critics: 3,
      targetSubset: 2,
      policyLearningRate: 3e-3,
      criticLearningRate: 3e-3,
      polyakRate: 0.1,
      ...overrides,
    }),
    policy: PolicyConfig.parse(network),
    critic: CriticConfig.parse(network),
    channels: 2,
    stream: new RandomStream('learner'),
  });
}

/** Episodes whose reward is the sum of the value numbers: the best policy pushes every value number to +1. */
function fillReplay(): EpisodeReplay {
  const stream = new RandomStream('episodes');
  const replay = new EpisodeReplay(layout, 512);
  for (let e = 0; e < 512; e++) {
    const rows = new Float32Array(5 * 3 * 2);
    stream.fillNormal(rows);
    const actions = new Float32Array(3 * 3 * 2);
    stream.fillUniform(actions, -1, 1);
    const rewards = Float32Array.from(
      { length: 3 },
      (_, t) => actions[6 * t + 1]! + actions[6 * t + 3]! + actions[6 * t + 5]!,
    );
    replay.add({ rows, actions, rewards });
  }
  return replay;
}

function steps(learner: RedqLearner, replay: EpisodeReplay, from: number, to: number): void {
  for (let u = from; u < to; u++) {
    const stream = new RandomStream(`update/${u}`);
    learner.updateCritics(replay.sample(32, stream.child('critic')), stream.child('critic'));
    learner.updatePolicy(replay.sample(32, stream.child('policy')), -6, stream.child('policy'));
  }
}

beforeAll(async () => {
  await useBackend();
});

describe('RedqLearner', () => {
  test('learns which action numbers pay', () => {
    const learner = makeLearner({ temperature: { initial: 0.01, automatic: false }, discount: 0.5 });
    const replay = fillReplay();
    steps(learner, replay, 0, 150);
    const { channels, rowMask, ...shape } = replay.sample(64, new RandomStream('look')).history;
    const means = tf.tidy(() => {
      const batch = {
        channels: tf.tensor4d(channels, [shape.batch, shape.rows, 3, 2]),
        rowMask: tf.tensor2d(rowMask, [shape.batch, shape.rows]),
      };
      return tf.mean(tf.tanh(learner.policy.distribution(batch).mean), [0, 1]).dataSync();
    });
    expect(means[1]).toBeGreaterThan(0.6);
    expect(Math.abs(means[0]!)).toBeLessThan(means[1]!);
    learner.dispose();
  });

  test('saved, loaded and continued, it equals the straight run bit for bit, and leaks no tensor', () => {
    const replay = fillReplay();
    const straight = makeLearner();
    steps(straight, replay, 0, 3);
    const before = tf.memory().numTensors;
    const stored = straight.toArrays();
    steps(straight, replay, 3, 6);
    expect(tf.memory().numTensors).toBe(before);
    const resumed = makeLearner();
    resumed.load(stored, 'here');
    steps(resumed, replay, 3, 6);
    expect(resumed.toArrays()).toEqual(straight.toArrays());
    straight.dispose();
    resumed.dispose();
  });

  test('dispose frees everything', () => {
    const before = tf.memory().numTensors;
    makeLearner().dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('the targets move by the Polyak rate and the ensemble members differ', () => {
    const learner = makeLearner({ polyakRate: 0.25 });
    const name = 'head/linear0/weight';
    const value = (p: { parameters: { get(n: string): tf.Variable } }) =>
      Float32Array.from(p.parameters.get(name).dataSync());
    const targetBefore = value(learner.targets[0]!);
    learner.updateCritics(fillReplay().sample(16, new RandomStream('b')), new RandomStream('s'));
    const critic = value(learner.critics[0]!);
    value(learner.targets[0]!).forEach((after, at) => {
      expect(after).toBeCloseTo(0.75 * targetBefore[at]! + 0.25 * critic[at]!, 6);
    });
    expect(value(learner.critics[1]!)).not.toEqual(critic);
    learner.dispose();
  });

  test('a checkpoint without the temperature is refused', () => {
    const learner = makeLearner();
    const stored = learner.toArrays();
    stored.delete('temperature');
    expect(() => learner.load(stored, 'runs/a')).toThrow(/runs\/a: 'temperature' is missing/);
    learner.dispose();
  });
});
