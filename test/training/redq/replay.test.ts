import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { type EpisodeLayout, EpisodeReplay } from '../../../training/redq/replay.js';

const layout: EpisodeLayout = { size: 3, initialRows: 2, budget: 4, rowsPerExperiment: 1, channels: 2 };

/** Every number of episode `id` names its place, so that a mix-up shows. */
function episode(id: number, { size, initialRows, budget, rowsPerExperiment, channels }: EpisodeLayout = layout) {
  const rows = initialRows + budget * rowsPerExperiment;
  return {
    rows: Float32Array.from({ length: rows * size * 2 }, (_, at) => id * 1000 + Math.floor(at / (2 * size))),
    actions: Float32Array.from(
      { length: budget * size * channels },
      (_, at) => id * 1000 + Math.floor(at / (size * channels)),
    ),
    rewards: Float32Array.from({ length: budget }, (_, t) => id * 1000 + t),
  };
}

describe('EpisodeReplay', () => {
  test('a transition joins the prefix, the action, the reward and the next prefix of one step', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      (n0, r, seed) => {
        const own = { ...layout, initialRows: n0, rowsPerExperiment: r };
        const replay = new EpisodeReplay(own, 5);
        for (let id = 1; id <= 7; id++) replay.add(episode(id, own));
        expect(replay.episodes).toBe(5);
        const batch = replay.sample(16, new RandomStream(`replay/${seed}`));
        for (let b = 0; b < 16; b++) {
          const reward = batch.rewards[b]!;
          const id = Math.floor(reward / 1000);
          const t = reward % 1000;
          expect(id).toBeGreaterThanOrEqual(3);
          expect(batch.done[b]).toBe(t === own.budget - 1 ? 1 : 0);
          expect(batch.actions[b * 6]).toBe(reward);
          for (const [history, rows] of [
            [batch.history, n0 + t * r],
            [batch.nextHistory, n0 + (t + 1) * r],
          ] as const) {
            const mask = history.rowMask.subarray(b * history.rows, (b + 1) * history.rows);
            expect([...mask].reduce((sum, kept) => sum + kept, 0)).toBe(rows);
            for (let row = 0; row < history.rows; row++) {
              const value = history.channels[(b * history.rows + row) * 6]!;
              expect(value).toBe(row < rows ? id * 1000 + row : 0);
            }
          }
        }
      },
    );
    fc.assert(property, { numRuns: 10 });
  });

  test('draws every transition about equally often', () => {
    const replay = new EpisodeReplay(layout, 4);
    for (let id = 0; id < 4; id++) replay.add(episode(id));
    const counts = new Map<number, number>();
    for (const reward of replay.sample(16_000, new RandomStream('uniform')).rewards)
      counts.set(reward, (counts.get(reward) ?? 0) + 1);
    expect(counts.size).toBe(16);
    // Binomial(16000, 1/16): mean 1000, standard deviation 31.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(160);
  });

  test('saved and restored, it gives the same minibatches, also after wrapping around', () => {
    const replay = new EpisodeReplay(layout, 1030);
    for (let id = 0; id < 1500; id++) replay.add(episode(id));
    const copy = new EpisodeReplay(layout, 1030);
    copy.load(replay.toParts(), 'here');
    replay.add(episode(2000));
    copy.add(episode(2000));
    expect(copy.sample(64, new RandomStream('s'))).toEqual(replay.sample(64, new RandomStream('s')));
  });

  test('refuses an empty draw, a misshapen episode, a budget of 0 and a foreign checkpoint', () => {
    const replay = new EpisodeReplay(layout, 2);
    expect(() => replay.sample(1, new RandomStream('s'))).toThrow(/replay is empty/);
    expect(() => replay.add({ ...episode(0), rewards: new Float32Array(3) })).toThrow(/4 reward numbers, got .*3/);
    expect(() => new EpisodeReplay({ ...layout, budget: 0 }, 2)).toThrow(/'environment.budget' of at least 1/);
    expect(() => replay.load({}, 'folder')).toThrow(/^folder holds no replay counter/);
  });
});
