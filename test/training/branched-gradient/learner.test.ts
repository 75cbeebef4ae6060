import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { CausalGraph } from '../../../core/causal/graph.js';
import { History } from '../../../core/causal/history.js';
import { RandomStream } from '../../../core/random/stream.js';
import type { CausalModelPrior } from '../../../envs/prior/causal-model.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import type { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { BranchedGradientLearner } from '../../../training/branched-gradient/learner.js';
import { SIZE, type ToyHead, toyConfig, toyEnvironment, toyPolicy, toyPosterior } from './toy-experiment.js';

let posterior: AmortizedGraphPosterior;

beforeAll(async () => {
  await useBackend({ threads: 1 });
  posterior = toyPosterior();
});
afterAll(() => posterior.dispose());

function makeLearner(head: ToyHead, config: object = {}, environment: object = {}): BranchedGradientLearner {
  return new BranchedGradientLearner({
    config: toyConfig(config),
    policy: toyPolicy(head),
    posterior,
    ...toyEnvironment(environment),
  });
}

const update = (learner: BranchedGradientLearner, step: number) =>
  learner.update(step, new RandomStream(`learner/update/${step}`));

/** Four observational rows and one experiment on `variable`. */
function tried(variable: number, stream: RandomStream): History {
  const history = new History(SIZE);
  for (let row = 0; row < 5; row++) {
    const values = stream.fillNormal(new Float32Array(SIZE));
    const targets = Uint8Array.from({ length: SIZE }, (_, i) => (row === 4 && i === variable ? 1 : 0));
    history.append(values, { kind: 'do', targets, values });
  }
  return history;
}

describe('BranchedGradientLearner', () => {
  test.each([
    { kind: 'independent' },
    { kind: 'single' },
    { kind: 'bernoulli' },
    { kind: 'subset', minimumTargets: 1, maximumTargets: 2, valueSign: 'chosen' },
  ] as const)('$kind head: stopped and resumed equals straight, bit for bit, and no tensor leaks', (head) => {
    const straight = makeLearner(head, { objective: 'telescoped', entropyWeight: 0.1 });
    update(straight, 0);
    const stored = straight.toArrays();
    const before = tf.memory().numTensors;
    const expected = update(straight, 1);
    expect(tf.memory().numTensors).toBe(before);
    const resumed = makeLearner(head, { objective: 'telescoped', entropyWeight: 0.1 });
    resumed.load(stored, 'here');
    expect(update(resumed, 1)).toEqual(expected);
    expect(resumed.toArrays()).toEqual(straight.toArrays());
    straight.dispose();
    resumed.dispose();
  });

  test('raises the potential it is rewarded with', () => {
    const learner = makeLearner(
      { kind: 'single' },
      { groups: 8, branches: 4, learningRate: { kind: 'constant', peak: 0.02 } },
      { reward: 'posteriorExpectedCorrectEntries' },
    );
    // The same systems and noise at every step, so that only learning moves the figure.
    const play = () => learner.update(0, new RandomStream('learner/same')).finalPotential;
    const start = play();
    for (let step = 0; step < 25; step++) play();
    expect(play()).toBeGreaterThan(start + 0.1);
    learner.dispose();
  });

  test('imitates round-robin first: a target that was one already becomes unlikely', () => {
    const learner = makeLearner(
      { kind: 'single' },
      {
        groups: 8,
        branches: 4,
        imitation: { updates: 60, learningRate: 0.01 },
        learningRate: { kind: 'constant', peak: 0.001 },
      },
    );
    const repeats = () => {
      const histories = Array.from({ length: 300 }, (_, k) => tried(k % SIZE, new RandomStream(`tried/${k}`)));
      const streams = histories.map((_, k) => new RandomStream(`choice/${k}`));
      const chosen = learner.policy.act(histories, 'stochastic', streams);
      return histories.filter((_, k) => chosen[2 * (k * SIZE + (k % SIZE))]! > 0).length / histories.length;
    };
    expect(repeats()).toBeGreaterThan(0.25);
    for (let step = 0; step < 60; step++) update(learner, step);
    expect(repeats()).toBeLessThan(0.1);
    expect(update(learner, 59).learningRate).toBe(0.01);
    expect(update(learner, 60).learningRate).toBe(0.001);
    learner.dispose();
  });

  test('an entropy bonus opens a choice of targets that was all but made', () => {
    const learner = makeLearner(
      { kind: 'single' },
      { entropyWeight: 10, learningRate: { kind: 'constant', peak: 0.02 } },
    );
    const weight = learner.policy.parameters.get('head/linear1/weight');
    weight.assign(tf.mul(20, weight.clone()));
    const { targetEntropy: start } = update(learner, 0);
    for (let step = 1; step < 20; step++) update(learner, step);
    expect(start).toBeLessThan(0.85 * Math.log(SIZE));
    expect(update(learner, 20).targetEntropy).toBeGreaterThan(0.95 * Math.log(SIZE));
    learner.dispose();
  });

  test('starts without any rows, and measures several rows per experiment', () => {
    const learner = makeLearner({ kind: 'single' }, {}, { initialRows: 0, rowsPerExperiment: 2 });
    expect(Number.isFinite(update(learner, 0).gradientNorm)).toBe(true);
    learner.dispose();
  });

  test('rewards that rank are learned by score function; asking for pathwise gradients is refused', () => {
    const byScore = makeLearner({ kind: 'single' }, {}, { reward: 'auprc' });
    expect(update(byScore, 0).gradientNorm).toBeGreaterThan(0);
    const pathwise = makeLearner({ kind: 'single' }, { valueGradient: 'pathwise' }, { reward: 'auprc' });
    expect(() => update(pathwise, 0)).toThrow(/valueGradient: 'pathwise' needs linear systems/);
    byScore.dispose();
    pathwise.dispose();
  });

  test('a simulator without values or gradients is learned by score function alone', () => {
    // Knocking out a variable silences it and halves the next one; the posterior sees only the rows.
    const graph = new CausalGraph(SIZE, Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0));
    const prior: CausalModelPrior = {
      size: SIZE,
      sample: () => ({
        size: SIZE,
        graph,
        interventionKinds: ['knockout'],
        sample: ({ targets }, rows, stream) =>
          Float32Array.from({ length: rows * SIZE }, (_, at) => {
            const variable = at % SIZE;
            return targets[variable] === 1 ? 0 : 1 + stream.uniform() - 0.5 * (targets[variable - 1] ?? 0);
          }),
      }),
    };
    const config = PolicyConfig.parse({ width: 8, heads: 2, pairs: 1, hidden: [8], head: { kind: 'single' } });
    const learner = new BranchedGradientLearner({
      config: toyConfig(),
      policy: new DesignPolicy(config, 1, new RandomStream('knockout/policy')),
      posterior,
      prior,
      settings: { ...toyEnvironment().settings, interventionKind: 'knockout' },
    });
    const { valueStrength, targets, gradientNorm } = update(learner, 0);
    expect([valueStrength, targets]).toEqual([0, 1]);
    expect(gradientNorm).toBeGreaterThan(0);
    learner.dispose();
  });
});
