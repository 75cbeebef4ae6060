import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { CriticConfig } from '../../../models/policy/critic-config.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { RedqConfig } from '../../../training/config/redq-config.js';
import { RedqLearner } from '../../../training/redq/learner.js';
import { EpisodeReplay, type TransitionBatch } from '../../../training/redq/replay.js';
import { capturingCases, spyOnCapture, withoutCapture } from '../capturing-backends.js';

const layout = { size: 3, initialRows: 2, budget: 3, rowsPerExperiment: 1, channels: 2 };
const network = { width: 8, heads: 2, pairs: 1, hidden: [8] };
const BATCH = 8;

interface NetworkCase {
  readonly head?: object;
  readonly inputScaling?: 'keep' | 'standardize' | 'log2-counts-per-million';
}

function makeLearner({ head = { kind: 'independent' }, inputScaling = 'keep' }: NetworkCase = {}): RedqLearner {
  return new RedqLearner({
    config: RedqConfig.parse({
      kind: 'redq',
      iterations: 1,
      critics: 2,
      targetSubset: 1,
      policyLearningRate: 3e-3,
      criticLearningRate: 3e-3,
      polyakRate: 0.1,
      clipNorm: 0.5,
    }),
    policy: PolicyConfig.parse({ ...network, dropout: 0.2, head, inputScaling }),
    critic: CriticConfig.parse({ ...network, inputScaling }),
    channels: 2,
    stream: new RandomStream('learner'),
  });
}

function fillReplay(): EpisodeReplay {
  const stream = new RandomStream('episodes');
  const replay = new EpisodeReplay(layout, 64);
  for (let e = 0; e < 64; e++)
    replay.add({
      rows: stream.fillNormal(new Float32Array(5 * 3 * 2)),
      actions: stream.fillUniform(new Float32Array(3 * 3 * 2), -1, 1),
      rewards: stream.fillNormal(new Float32Array(3)),
    });
  return replay;
}

const replay = fillReplay();
const sample = (stream: RandomStream, batch = BATCH) => replay.sample(batch, stream);

/** Updates number `from` to `to - 1` and what they report. */
function update(learner: RedqLearner, from: number, to: number): object[] {
  return Array.from({ length: to - from }, (_, i) => {
    const stream = new RandomStream(`update/${from + i}`);
    const [critic, policy] = [stream.child('critic'), stream.child('policy')];
    return [learner.updateCritics(sample(critic), critic), learner.updatePolicy(sample(policy), -6, policy)];
  });
}

const weightsOf = (learner: RedqLearner) => learner.toArrays();

/** A minibatch whose first reward is not a number. */
function spoilt(stream: RandomStream): TransitionBatch {
  const batch = sample(stream);
  batch.rewards[0] = Number.NaN;
  return batch;
}

describe.each([...capturingCases])('REDQ updates on $name', ({ use }) => {
  beforeEach(async () => {
    await use();
  });
  afterEach(() => vi.restoreAllMocks());

  test('replayed, they equal the same updates launched kernel by kernel, bit for bit', () => {
    const capture = spyOnCapture();
    const captured = makeLearner();
    const reports = update(captured, 0, 6);
    // Critics, with whichever target was drawn, and policy.
    expect(capture).toHaveBeenCalledTimes(2);
    const before = tf.memory().numTensors;
    reports.push(...update(captured, 6, 9));
    expect(capture).toHaveBeenCalledTimes(2);
    expect(tf.memory().numTensors).toBe(before);
    const eager = makeLearner();
    const wanted = withoutCapture(() => update(eager, 0, 9));
    expect(reports).toEqual(wanted);
    expect(weightsOf(captured)).toEqual(weightsOf(eager));
    captured.dispose();
    eager.dispose();
  });

  test('stopped, saved and resumed in a run that replays, they equal the straight run bit for bit', () => {
    const straight = makeLearner();
    update(straight, 0, 5);
    const stored = straight.toArrays();
    const reports = update(straight, 5, 8);
    const resumed = makeLearner();
    resumed.load(stored, 'here');
    expect(update(resumed, 5, 8)).toEqual(reports);
    expect(weightsOf(resumed)).toEqual(weightsOf(straight));
    // The recordings use the loaded weights too.
    straight.load(stored, 'here');
    expect(update(straight, 5, 8)).toEqual(reports);
    expect(weightsOf(straight)).toEqual(weightsOf(resumed));
    straight.dispose();
    resumed.dispose();
  });

  test('other shapes are recorded by themselves', () => {
    const captured = makeLearner();
    const eager = makeLearner();
    const play = (learner: RedqLearner) =>
      [4, 8, 4, 8, 4, 8].map((batch, u) => {
        const stream = new RandomStream(`shape/${u}`);
        return learner.updatePolicy(sample(stream, batch), -6, stream);
      });
    const capture = spyOnCapture();
    const reports = play(captured);
    expect(capture).toHaveBeenCalledTimes(2);
    capture.mockRestore();
    expect(reports).toEqual(withoutCapture(() => play(eager)));
    captured.dispose();
    eager.dispose();
  });

  test.each(['standardize', 'log2-counts-per-million'] as const)(
    'networks that scale their input by %s are recorded too',
    (inputScaling) => {
      const written = vi.spyOn(process.stderr, 'write');
      const play = (learner: RedqLearner) => {
        const reports = update(learner, 0, 4);
        learner.dispose();
        return reports;
      };
      const reports = play(makeLearner({ inputScaling }));
      expect(written).not.toHaveBeenCalled();
      expect(reports).toEqual(withoutCapture(() => play(makeLearner({ inputScaling }))));
    },
  );

  test('a replayed update with a gradient that is not finite changes nothing and names the parameter', () => {
    const learner = makeLearner();
    update(learner, 0, 6);
    const before = weightsOf(learner);
    const capture = spyOnCapture();
    expect(() => learner.updateCritics(spoilt(new RandomStream('spoilt')), new RandomStream('spoilt'))).toThrow(
      /^Adam.apply: the gradient of parameter '.*' is not finite; nothing was changed/,
    );
    expect(capture).not.toHaveBeenCalled();
    expect(weightsOf(learner)).toEqual(before);
    learner.dispose();
  });

  test('heads that choose targets run as written, without a notice', () => {
    const capture = spyOnCapture();
    const written = vi.spyOn(process.stderr, 'write');
    const learner = makeLearner({ head: { kind: 'single' } });
    update(learner, 0, 4);
    expect(capture).not.toHaveBeenCalled();
    expect(written).not.toHaveBeenCalled();
    learner.dispose();
  });

  test('dispose frees everything', () => {
    const before = tf.memory();
    const learner = makeLearner();
    update(learner, 0, 4);
    learner.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });
});

test('a bad minibatch leaves all critics and targets as they are on a backend that cannot capture', async () => {
  await useBackend();
  const learner = makeLearner();
  update(learner, 0, 2);
  const before = weightsOf(learner);
  expect(() => learner.updateCritics(spoilt(new RandomStream('spoilt')), new RandomStream('spoilt'))).toThrow(
    /is not finite; nothing was changed/,
  );
  expect(weightsOf(learner)).toEqual(before);
  learner.dispose();
});
