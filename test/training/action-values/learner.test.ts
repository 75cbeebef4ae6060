import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { packHistories, toHistoryBatch } from '../../../models/networks/history-batch.js';
import type { DesignPolicy } from '../../../models/policy/design-policy.js';
import type { ScoredSetsHead } from '../../../models/policy/scored-sets-head.js';
import type { TriedState } from '../../../training/action-values/collect.js';
import { ActionValueLearner } from '../../../training/action-values/learner.js';
import { ActionValueConfig } from '../../../training/config/action-value-config.js';
import { randomHistory } from '../../models/random-histories.js';
import { SIZE, toyPolicy } from './toy-experiment.js';

beforeAll(async () => {
  await useBackend();
});

const config = ActionValueConfig.parse({ kind: 'action-values', averageRate: 0.01, clipNorm: 1000 });
const settings = { learningRate: 1e-3, dropoutSeed: 0 };
const makeLearner = () => new ActionValueLearner(() => toyPolicy('learner'), config);

/** States in which the sets are worth `worth` of their targets, centred. */
function makeStates(count: number, worth: (set: ArrayLike<number>) => number): TriedState[] {
  const sets = (toyPolicy().head as ScoredSetsHead).sets(SIZE);
  return Array.from({ length: count }, (_, k) => {
    const own = Array.from({ length: sets.length / SIZE }, (_set, s) => worth(sets.subarray(s * SIZE, (s + 1) * SIZE)));
    const mean = own.reduce((a, b) => a + b) / own.length;
    const history = randomHistory(SIZE, 4 + (k % 3), new RandomStream(`state/${k}`));
    return { history, sets, advantages: Float32Array.from(own, (value) => value - mean) };
  });
}

/** The loss by its definition, from values of one state at a time. */
function lossOf(policy: DesignPolicy, states: readonly TriedState[]): number {
  const terms = states.flatMap(({ history, sets, advantages }) => {
    const values = tf.tidy(() =>
      (policy.head as ScoredSetsHead)
        .values(
          policy.encode(toHistoryBatch(packHistories([history]))),
          tf.tensor3d([...sets], [1, sets.length / SIZE, SIZE]),
        )
        .dataSync<'float32'>(),
    );
    const mean = values.reduce((a, b) => a + b) / values.length;
    return Array.from(values, (value, s) => (value - mean - advantages[s]!) ** 2);
  });
  return terms.reduce((a, b) => a + b) / terms.length;
}

describe('ActionValueLearner', () => {
  test('the loss is the mean squared error of centred values, whatever the lengths of the histories', () => {
    const learner = makeLearner();
    const states = makeStates(5, (set) => set[0]! + 0.3 * Math.abs(set[1]!));
    const before = lossOf(learner.policy, states);
    expect(learner.step(0, states, settings).loss).toBeCloseTo(before, 5);
  });

  test('a first step moves every weight by the learning rate against its gradient (Adam), the average follows', () => {
    const learner = makeLearner();
    const states = makeStates(4, (set) => set[2]!);
    const name = 'head/count/weight';
    const weight = learner.policy.parameters.get(name);
    const start = weight.dataSync<'float32'>().slice();
    const epsilon = 1e-2;
    const slopes = [0, 3].map((at) => {
      const [up, down] = [1, -1].map((side) => {
        const moved = start.slice();
        moved[at]! += side * epsilon;
        weight.assign(tf.tensor(moved, weight.shape));
        return lossOf(learner.policy, states);
      });
      return (up! - down!) / (2 * epsilon);
    });
    weight.assign(tf.tensor(start.slice(), weight.shape));
    // The average starts at the tenth of the steps so far: all of it.
    learner.step(0, states, settings);
    const after = weight.dataSync<'float32'>().slice();
    [0, 3].forEach((at, k) => {
      if (Math.abs(slopes[k]!) > 1e-4) expect(after[at]! - start[at]!).toBeCloseTo(-1e-3 * Math.sign(slopes[k]!), 5);
    });
    expect(slopes.some((slope) => Math.abs(slope) > 1e-4)).toBe(true);
    expect([...learner.average.parameters.get(name).dataSync()]).toEqual([...after]);
    learner.step(90, states, settings);
    const [averaged, current] = [learner.average, learner.policy].map(({ parameters }) =>
      parameters.get(name).dataSync(),
    );
    // Rate 10 / (90 + 10).
    averaged!.forEach((value, at) => {
      expect(value).toBeCloseTo(0.9 * after[at]! + 0.1 * current![at]!, 6);
    });
  });

  test('learns which targets pay and decides by them; saved and loaded it goes on alike', () => {
    const learner = makeLearner();
    const states = makeStates(
      16,
      (set) => (set[1] === 0 ? 0 : 1) - 0.2 * [...(set as Int8Array)].filter(Boolean).length,
    );
    const train = (own: ActionValueLearner, from: number, to: number) => {
      let loss = 0;
      for (let step = from; step < to; step++) loss = own.step(step, states, { ...settings, learningRate: 1e-2 }).loss;
      return loss;
    };
    const first = train(learner, 0, 1);
    expect(train(learner, 1, 150)).toBeLessThan(0.3 * first);
    const copy = makeLearner();
    copy.load(learner.toArrays(), 'test');
    expect(train(copy, 150, 152)).toBe(train(learner, 150, 152));
    const histories = states.map(({ history }) => history).slice(0, 4);
    const sets = states.map((state) => state.sets).slice(0, 4);
    const values = learner.valueOf(histories, sets);
    const alone = learner.valueOf([histories[3]!], [sets[3]!]);
    const count = sets[0]!.length / SIZE;
    alone.forEach((value, s) => {
      expect(value).toBeCloseTo(values[3 * count + s]!, 4);
    });
  });

  test('another head is refused with what to set', () => {
    const other = new ActionValueLearner(() => toyPolicy('other', { head: { kind: 'single' } }), config);
    expect(() =>
      other.step(
        0,
        makeStates(1, () => 0),
        settings,
      ),
    ).toThrow(/set policy.head.kind=scored/);
  });
});
