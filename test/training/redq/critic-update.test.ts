import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { toHistoryBatch } from '../../../models/networks/history-batch.js';
import type { Critic } from '../../../models/policy/critic.js';
import { CriticUpdate } from '../../../training/redq/critic-update.js';
import { redqNetworks, transitionBatch } from './networks.js';

const TEMPERATURE = 0.4;
const streams = Array.from({ length: 40 }, (_, k) => new RandomStream(`critic-update/${k}`));
let stop: () => void;

beforeAll(async () => {
  await useBackend({ threads: 1 });
});
beforeEach(() => {
  tf.engine().startScope();
  stop = () => tf.engine().endScope();
});
afterEach(() => stop());

/** log pi(a'|h') [B] and Q(h', a') [N][B] of the target critics, with the noise that `stream` gives the update. */
function nextValues({ policy, targets }: ReturnType<typeof redqNetworks>, stream: RandomStream) {
  const { nextHistory } = transitionBatch;
  const { batch, size } = nextHistory;
  const history = toHistoryBatch(nextHistory);
  const noise = stream.child('noise').fillNormal(new Float32Array(batch * size * 2));
  const { action, logProbability } = policy.sample(history, tf.tensor3d(noise, [batch, size, 2]));
  const values = targets.map((critic) => [...critic.value(critic.encode(history), action as tf.Tensor3D).dataSync()]);
  return { values, logProbability: [...logProbability.dataSync()] };
}

/** Batch mean of r + gamma (1 - done) (min over `members` of Q - alpha log pi), in plain arithmetic. */
function meanTarget(
  { values, logProbability }: ReturnType<typeof nextValues>,
  members: readonly number[],
  discount: number,
): number {
  const { rewards, done } = transitionBatch;
  const targets = logProbability.map((log, b) => {
    const minimum = Math.min(...members.map((member) => values[member]![b]!));
    return rewards[b]! + discount * (1 - done[b]!) * (minimum - TEMPERATURE * log);
  });
  return targets.reduce((sum, target) => sum + target / targets.length, 0);
}

/** Gives all target critics the same mean over the batch, so that none of them is always the smallest. */
function levelTargets(networks: ReturnType<typeof redqNetworks>, stream: RandomStream): void {
  const { values } = nextValues(networks, stream);
  networks.targets.forEach(({ parameters }, k) => {
    const bias = parameters.get('head/linear1/bias');
    const mean = values[k]!.reduce((sum, value) => sum + value / values[k]!.length, 0);
    // Q sums the outputs of 3 variables.
    bias.assign(tf.sub(bias, mean / 3));
  });
}

/** Which sets of `size` target critics explain the mean target of one update by fresh networks. */
function drawn(size: number, stream: RandomStream): string[] {
  const networks = redqNetworks({ critics: 3, targetSubset: size, discount: 0.7 });
  levelTargets(networks, stream);
  const expected = nextValues(networks, stream);
  const update = new CriticUpdate(networks);
  const { meanValue } = update.start(transitionBatch, { temperature: TEMPERATURE, stream })();
  update.dispose();
  const sets = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]].filter((set) => set.length === size);
  return sets.filter((set) => Math.abs(meanTarget(expected, set, 0.7) - meanValue) < 1e-6).map(String);
}

describe('the soft target', () => {
  test('of all critics is r + gamma (1 - done) (their minimum - alpha log pi)', () => {
    for (const stream of streams.slice(0, 4)) expect(drawn(3, stream)).toEqual(['0,1,2']);
  });

  test.each([
    [1, ['0', '1', '2']],
    [2, ['0,1', '0,2', '1,2']],
  ])('of %i critics is the minimum over those drawn, and all of them are drawn at times', (size, sets) => {
    const seen = new Set<string>();
    for (const stream of streams) {
      const found = drawn(size, stream);
      expect(found).toHaveLength(1);
      seen.add(found[0]!);
      if (seen.size === sets.length) break;
    }
    expect([...seen].sort()).toEqual(sets);
  });
});

test('one update is a step of every critic towards the target, then one Polyak step of its own target critic', () => {
  const networks = redqNetworks({ critics: 3, targetSubset: 3, polyakRate: 0.25 });
  const weights = (list: readonly Critic[]) =>
    list.map(({ parameters }) => Float32Array.from(parameters.get('head/linear1/weight').dataSync()));
  const before = { critics: weights(networks.critics), targets: weights(networks.targets) };
  const [stream] = streams;
  const values = networks.critics.map((critic) => {
    const history = toHistoryBatch(transitionBatch.history);
    const action = tf.tensor3d(transitionBatch.actions, [6, 3, 2]);
    return [...critic.value(critic.encode(history), action).dataSync()];
  });
  const next = nextValues(networks, stream!);
  const update = new CriticUpdate(networks);
  const { loss } = update.start(transitionBatch, { temperature: TEMPERATURE, stream: stream! })();
  const { rewards, done } = transitionBatch;
  const squares = values.flatMap((own) =>
    own.map((value, b) => {
      const soft = Math.min(...next.values.map((target) => target[b]!)) - TEMPERATURE * next.logProbability[b]!;
      return (value - rewards[b]! - 0.9 * (1 - done[b]!) * soft) ** 2;
    }),
  );
  expect(loss).toBeCloseTo(squares.reduce((sum, square) => sum + square, 0) / (2 * squares.length), 4);
  const after = { critics: weights(networks.critics), targets: weights(networks.targets) };
  for (const k of [0, 1, 2]) {
    expect(after.critics[k]).not.toEqual(before.critics[k]);
    after.targets[k]!.forEach((weight, at) => {
      expect(weight).toBeCloseTo(0.75 * before.targets[k]![at]! + 0.25 * after.critics[k]![at]!, 6);
    });
  }
  update.dispose();
});
