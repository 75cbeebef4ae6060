import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { toHistoryBatch } from '../../../models/networks/history-batch.js';
import { PolicyUpdate } from '../../../training/redq/policy-update.js';
import { redqNetworks, transitionBatch } from './networks.js';

const TEMPERATURE = 0.4;
const { batch, size } = transitionBatch.history;

beforeAll(async () => {
  await useBackend({ threads: 1 });
});
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

/** log pi(a|h) [B] and Q(h, a) [N][B] of the critics for the action that the update draws from `stream`. */
function ownValues({ policy, critics }: ReturnType<typeof redqNetworks>, stream: RandomStream) {
  const history = toHistoryBatch(transitionBatch.history);
  const noise = stream.child('noise').fillNormal(new Float32Array(batch * size * 2));
  const { action, logProbability } = policy.sample(history, tf.tensor3d(noise, [batch, size, 2]));
  const values = critics.map((critic) => [...critic.value(critic.encode(history), action as tf.Tensor3D).dataSync()]);
  return { values, logProbability: [...logProbability.dataSync()] };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the loss of the independent head', () => {
  test.each([
    ['mean', mean],
    ['minimum', (values: readonly number[]) => Math.min(...values)],
  ] as const)('is alpha log pi - Q, with the %s over all critics where it is asked for', (actorValue, combine) => {
    const networks = redqNetworks({ critics: 3, targetSubset: 1, actorValue });
    const stream = new RandomStream('policy-update');
    const { values, logProbability } = ownValues(networks, stream);
    const update = new PolicyUpdate(networks);
    const report = update.start(transitionBatch, { temperature: TEMPERATURE, stream })();
    const wanted = mean(logProbability.map((log, b) => TEMPERATURE * log - combine(values.map((own) => own[b]!))));
    expect(report.loss).toBeCloseTo(wanted, 4);
    expect(report.meanLogProbability).toBeCloseTo(mean(logProbability), 4);
    update.dispose();
  });
});

test('a step lowers its loss, and leaves the critics alone', () => {
  const networks = redqNetworks({ critics: 2, policyLearningRate: 1e-3 });
  const stream = new RandomStream('descent');
  const update = new PolicyUpdate(networks);
  const critics = () => networks.critics.map(({ parameters }) => parameters.toArrays());
  const before = critics();
  const losses = Array.from(
    { length: 5 },
    () => update.start(transitionBatch, { temperature: TEMPERATURE, stream })().loss,
  );
  for (let step = 1; step < losses.length; step++) expect(losses[step]).toBeLessThan(losses[step - 1]!);
  expect(critics()).toEqual(before);
  update.dispose();
});

test('another stream draws other actions, for both kinds of heads', () => {
  for (const head of [{ kind: 'independent' }, { kind: 'bernoulli' }]) {
    const losses = ['one', 'other', 'one'].map((name) => {
      const update = new PolicyUpdate(redqNetworks({}, { head }));
      const options = { temperature: TEMPERATURE, stream: new RandomStream(name) };
      const { loss } = update.start(transitionBatch, options)();
      update.dispose();
      return loss;
    });
    expect(losses[0]).not.toBe(losses[1]);
    expect(losses[0]).toBe(losses[2]);
  }
});
