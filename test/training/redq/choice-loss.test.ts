import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { createActionHead } from '../../../models/policy/action-head.js';
import { candidateActions } from '../../../models/policy/candidate-actions.js';
import { CriticConfig } from '../../../models/policy/critic-config.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { RedqConfig } from '../../../training/config/redq-config.js';
import { choiceActorLoss } from '../../../training/redq/choice-loss.js';
import { RedqLearner } from '../../../training/redq/learner.js';
import { EpisodeReplay } from '../../../training/redq/replay.js';

const SIZE = 3;
const TEMPERATURE = 0.3;
/** Q of a target set: some numbers that no simple function of the bits gives. */
const Q = [0.3, -0.5, 0.9, 0.1, -0.2, 0.4, -1.1, 0.8];
const LOGITS = [0.4, -0.7, 0.2];

beforeAll(async () => {
  await useBackend();
});

const bernoulli = createActionHead(
  { kind: 'bernoulli', valueSign: 'free' },
  {
    channels: 1,
    initialStd: 0.5,
    minimumLogStd: -5,
  },
);
const distributionOf = (logits: tf.Tensor) => bernoulli.interpret(tf.reshape(logits, [1, SIZE, 1]));

/** Q [1, M] of candidate actions [1, M, d, 1]. */
function criticValue(actions: tf.Tensor4D): tf.Tensor2D {
  const codes = actions
    .arraySync()[0]!
    .map((set) => set.reduce((code, [isOn], i) => code + (isOn! > 0 ? 1 << i : 0), 0));
  return tf.tensor2d([codes.map((code) => Q[code]!)]);
}

/** E[alpha log pi - Q] over all 8 sets. */
function exactLoss(logits: tf.Tensor): tf.Scalar {
  const { targets } = distributionOf(logits);
  const terms = Q.map((q, code) => {
    const logProbability = targets.logProbability(Uint8Array.from({ length: SIZE }, (_, i) => (code >> i) & 1));
    return tf.mul(tf.exp(logProbability), tf.sub(tf.mul(TEMPERATURE, logProbability), q));
  });
  return tf.sum(tf.stack(terms)) as tf.Scalar;
}

describe('choiceActorLoss', () => {
  test('with drawn sets is unbiased in value and gradient', () => {
    const draws = 3000;
    const sums = new Float64Array(SIZE);
    const squares = new Float64Array(SIZE);
    for (let draw = 0; draw < draws; draw++) {
      const gradient = tf.tidy(() =>
        tf
          .grad((logits) => {
            const options = { draws: 3, stream: new RandomStream(`unbiased/${draw}`) };
            const candidates = candidateActions(distributionOf(logits), [1, SIZE], options);
            return choiceActorLoss(candidates, criticValue(candidates.actions), TEMPERATURE);
          })(tf.tensor1d(LOGITS))
          .dataSync()
          .slice(),
      );
      gradient.forEach((g, i) => {
        sums[i]! += g;
        squares[i]! += g * g;
      });
    }
    const exact = tf.grad(exactLoss)(tf.tensor1d(LOGITS)).dataSync();
    exact.forEach((want, i) => {
      const mean = sums[i]! / draws;
      const standardError = Math.sqrt((squares[i]! / draws - mean * mean) / draws);
      expect(Math.abs(mean - want)).toBeLessThan(4.5 * standardError);
      expect(standardError).toBeLessThan(0.01);
    });
  });

  test('with all sets listed is the exact expectation', () => {
    const single = createActionHead(
      { kind: 'single', valueSign: 'free' },
      {
        channels: 1,
        initialStd: 0.5,
        minimumLogStd: -5,
      },
    );
    const distribution = single.interpret(tf.tensor3d([[[LOGITS[0]!], [LOGITS[1]!], [LOGITS[2]!]]]));
    const candidates = candidateActions(distribution, [1, SIZE], { draws: 1, stream: new RandomStream('s') });
    const value = [1, -2, 0.5];
    const loss = choiceActorLoss(candidates, tf.tensor2d([value]), TEMPERATURE).dataSync()[0];
    const total = LOGITS.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const probabilities = LOGITS.map((logit) => Math.exp(logit) / total);
    const expected = probabilities.reduce((sum, p, i) => sum + p * (TEMPERATURE * Math.log(p) - value[i]!), 0);
    expect(loss).toBeCloseTo(expected, 5);
  });
});

describe.each([
  { kind: 'single', valueSign: 'chosen' },
  { kind: 'subset', maximumTargets: 2 },
] as const)('RedqLearner, $kind head', (head) => {
  const layout = { size: 3, initialRows: 2, budget: 2, rowsPerExperiment: 1, channels: 2 };
  const network = { width: 8, heads: 2, pairs: 1, hidden: [8] };
  const makeLearner = () =>
    new RedqLearner({
      config: RedqConfig.parse({ kind: 'redq', iterations: 1, policyLearningRate: 1e-2, criticLearningRate: 1e-2 }),
      policy: PolicyConfig.parse({ ...network, dropout: 0, head }),
      critic: CriticConfig.parse(network),
      channels: 2,
      stream: new RandomStream('choice-learner'),
    });
  const replay = new EpisodeReplay(layout, 64);
  const source = new RandomStream('choice-episodes');
  for (let e = 0; e < 64; e++) {
    const actions = source.fillUniform(new Float32Array(12), -1, 1);
    const rewards = Float32Array.from({ length: 2 }, (_, t) => actions[6 * t + 1]!);
    replay.add({ rows: source.fillNormal(new Float32Array(24)), actions, rewards });
  }
  const update = (learner: RedqLearner, from: number, to: number) => {
    for (let u = from; u < to; u++) {
      const stream = new RandomStream(`choice-update/${u}`);
      learner.updateCritics(replay.sample(16, stream.child('c')), stream.child('c'));
      learner.updatePolicy(replay.sample(16, stream.child('p')), -1, stream.child('p'));
    }
  };

  test('resumes bit for bit and leaks no tensor', () => {
    const straight = makeLearner();
    update(straight, 0, 2);
    const stored = straight.toArrays();
    const before = tf.memory().numTensors;
    update(straight, 2, 4);
    expect(tf.memory().numTensors).toBe(before);
    const resumed = makeLearner();
    resumed.load(stored, 'here');
    update(resumed, 2, 4);
    expect(resumed.toArrays()).toEqual(straight.toArrays());
    straight.dispose();
    resumed.dispose();
  });
});
