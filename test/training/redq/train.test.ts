import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { readMetrics } from '../../../core/run/run-folder.js';
import { loadPolicy } from '../../../models/checkpoints.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { type ExperimentWith, loadExperimentConfig } from '../../../training/config/experiment-config.js';
import type { RedqConfig } from '../../../training/config/redq-config.js';
import { PolicyValidation } from '../../../training/loop/policy-validation.js';
import { RedqLearner } from '../../../training/redq/learner.js';
import { EpisodeReplay, type RecordedEpisode } from '../../../training/redq/replay.js';
import { trainPolicyWithRedq } from '../../../training/redq/train.js';
import { CorrelationPosterior } from '../../src/evaluation/correlation-posterior.js';

let folder: string;
beforeAll(async () => {
  await useBackend({ threads: 1 });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redq-train-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const configOf = (...overrides: string[]) =>
  loadExperimentConfig({ preset: 'smoke', overrides }) as ExperimentWith<RedqConfig>;

/** Trains to the end in `folder`. */
function train(...overrides: string[]) {
  const io = { folder, resume: false, interrupt: { requested: false }, quiet: true, backend: 'test' };
  return trainPolicyWithRedq(configOf(...overrides), new CorrelationPosterior(), io);
}

/** Notes every update, in order, with the name of its stream. */
function watchUpdates() {
  const critics = vi.spyOn(RedqLearner.prototype, 'startCriticUpdate');
  const policies = vi.spyOn(RedqLearner.prototype, 'startPolicyUpdate');
  return {
    order: () =>
      [
        ...critics.mock.calls.map(([, stream], k) => ({
          at: critics.mock.invocationCallOrder[k]!,
          kind: 'critic',
          stream: stream.name,
        })),
        ...policies.mock.calls.map(([, , stream], k) => ({
          at: policies.mock.invocationCallOrder[k]!,
          kind: 'policy',
          stream: stream.name,
        })),
      ].sort((a, b) => a.at - b.at),
    targetEntropies: () => policies.mock.calls.map(([, entropy]) => entropy),
    batches: () => critics.mock.calls.map(([batch]) => batch),
  };
}

describe('updates', () => {
  test('G critic updates come before each policy update, and no two updates share a stream', async () => {
    const updates = watchUpdates();
    const sampled = vi.spyOn(EpisodeReplay.prototype, 'sample');
    await train('learner.criticUpdatesPerPolicyUpdate=3', 'learner.learningStarts=0', 'learner.iterations=2');
    const order = updates.order();
    const oneRound = ['critic', 'critic', 'critic', 'policy'];
    // 2 iterations of 2 policy updates.
    expect(order.map(({ kind }) => kind)).toEqual([...oneRound, ...oneRound, ...oneRound, ...oneRound]);
    expect(new Set(order.map(({ stream }) => stream)).size).toBe(16);
    expect(sampled.mock.calls.map(([, stream]) => stream.name)).toEqual(order.map(({ stream }) => stream));
    const [first, second] = updates.batches();
    expect(first!.actions).not.toEqual(second!.actions);
  });

  test('the target entropy starts at -1 per action number and falls with the iterations', async () => {
    const updates = watchUpdates();
    await train(
      'learner.temperature.targetEntropyPerNumber=-0.5',
      'learner.temperature.targetEntropyDecay=0.25',
      'learner.learningStarts=0',
      'learner.iterations=3',
      'learner.updatesPerIteration=1',
    );
    // 3 variables with 2 numbers each.
    expect(updates.targetEntropies()).toEqual([-3, -3.25, -3.5]);
    const logged = readMetrics(folder).flatMap((line) => line['policy/targetEntropy'] ?? []);
    expect(logged).toEqual([-3, -3.25, -3.5]);
  });

  test('or it is a share of the largest entropy, in every iteration', async () => {
    const updates = watchUpdates();
    await train(
      'learner.temperature.targetEntropyShare=0.5',
      'learner.learningStarts=0',
      'learner.iterations=2',
      'learner.updatesPerIteration=1',
    );
    // Six numbers in (-1, 1).
    for (const target of updates.targetEntropies()) expect(target).toBeCloseTo(0.5 * 6 * Math.LN2, 10);
    expect(updates.targetEntropies()).toHaveLength(2);
  });

  test('wait until the replay holds as many transitions as learning starts with', async () => {
    const updates = watchUpdates();
    const result = await train('learner.learningStarts=24', 'learner.iterations=4');
    // 4 episodes of 2 experiments a iteration: 24 transitions after the third; 2 critic and 2 policy updates each.
    expect(updates.order()).toHaveLength(8);
    expect(result.gradientSteps).toBe(8);
    expect(readMetrics(folder).flatMap((line) => line['replay/transitions'] ?? [])).toEqual([8, 16, 24, 32]);
  });
});

describe('collection', () => {
  function watchEpisodes(): RecordedEpisode[] {
    const added: RecordedEpisode[] = [];
    const add = EpisodeReplay.prototype.add;
    vi.spyOn(EpisodeReplay.prototype, 'add').mockImplementation(function (this: EpisodeReplay, episode) {
      added.push(episode);
      add.call(this, episode);
    });
    return added;
  }

  test('every episode of every iteration is another one', async () => {
    const episodes = watchEpisodes();
    await train('learner.iterations=3');
    expect(episodes).toHaveLength(12);
    expect(new Set(episodes.map(({ rows }) => rows.join())).size).toBe(12);
    expect(new Set(episodes.map(({ actions }) => actions.join())).size).toBe(12);
  });

  test('rewards are scaled for learning only', async () => {
    const episodes = watchEpisodes();
    await train('learner.rewardScale=10', 'learner.iterations=2', 'environment.prior.graph.degree=0.5');
    const gains = readMetrics(folder).flatMap((line) => line['collect/gain'] ?? []);
    const sum = (part: readonly RecordedEpisode[]) =>
      part.flatMap(({ rewards }) => [...rewards]).reduce((total, reward) => total + reward, 0);
    expect(Math.abs(gains[0]!)).toBeGreaterThan(1e-3);
    for (const [iteration, gain] of gains.entries())
      expect(sum(episodes.slice(4 * iteration, 4 * iteration + 4)) / 4).toBeCloseTo(10 * gain, 3);
  });

  test('uniform actions until learning starts, those of the policy from then on', async () => {
    const acts = vi.spyOn(DesignPolicy.prototype, 'act');
    vi.spyOn(PolicyValidation.prototype, 'run').mockReturnValue({ score: 0, metrics: {} as never });
    await train('learner.learningStarts=16', 'learner.iterations=4');
    // Iterations 0 and 1 fill the replay; 2 and 3 decide twice for all 4 episodes.
    expect(acts.mock.calls.map(([histories, mode]) => [histories.length, mode])).toEqual(
      Array.from({ length: 4 }, () => [4, 'stochastic']),
    );
  });
});

describe('what is kept', () => {
  test('the best checkpoint has the weights of the highest score, the last one those of the end', async () => {
    const scores = [1, 3, 2];
    const seen: { name: string; weights: unknown }[] = [];
    vi.spyOn(PolicyValidation.prototype, 'run').mockImplementation((policy) => {
      const score = scores[seen.length]!;
      seen.push({ name: `score ${score}`, weights: policy.parameters.toArrays() });
      return {
        score,
        metrics: { 'heldOut/return': score, 'heldOut/gain': score, 'heldOut/gainOverRandom': score },
      };
    });
    const result = await train(
      'learner.learningStarts=0',
      'learner.iterations=3',
      'learner.validation.every=1',
      'learner.policyLearningRate=0.01',
    );
    const [first, best, last] = seen.map(({ weights }) => weights);
    const saved = await Promise.all([result.bestCheckpoint, result.lastCheckpoint].map(loadPolicy));
    const [savedBest, savedLast] = saved.map(({ parameters }) => parameters.toArrays());
    expect(savedBest).toEqual(best);
    expect(savedBest).not.toEqual(first);
    expect(savedLast).toEqual(last);
    expect(savedLast).not.toEqual(best);
    expect(result.metrics['heldOut/return']).toBe(3);
    for (const policy of saved) policy.dispose();
  });

  test('the critics are told the discount, the draw and the rates of the config', async () => {
    const losses = async (...overrides: string[]) => {
      rmSync(folder, { recursive: true });
      folder = mkdtempSync(join(tmpdir(), 'redq-train-'));
      await train('learner.learningStarts=0', 'learner.iterations=1', ...overrides);
      return readMetrics(folder).flatMap((line) => line['critic/target'] ?? [])[0]!;
    };
    const base = await losses();
    expect(await losses()).toBe(base);
    expect(await losses('learner.discount=0.1')).not.toBe(base);
    expect(await losses('learner.temperature.initial=3')).not.toBe(base);
    expect(await losses('learner.targetSubset=1')).not.toBe(base);
  });
});

test('more critics in the minimum than there are is refused before a folder is made', async () => {
  rmSync(folder, { recursive: true });
  await expect(train('learner.critics=2', 'learner.targetSubset=3')).rejects.toThrow(
    'learner.targetSubset: 3 critics cannot be drawn from learner.critics = 2; lower it',
  );
  expect(() => rmSync(folder, { recursive: true })).toThrow();
  folder = mkdtempSync(join(tmpdir(), 'redq-train-'));
});
