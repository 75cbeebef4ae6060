import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runQueue } from '../../../../src/cli/sweep/run-queue.js';

test('every job runs once, in order, and never more at a time than there are workers', async () => {
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  await runQueue([0, 1, 2, 3, 4, 5, 6], {
    workers: 3,
    stopped: () => false,
    run: async (job) => {
      begun.push(job);
      most = Math.max(most, ++running);
      await sleep(job % 2);
      running--;
    },
  });
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(most).toBe(3);
});

test('once stopped, no job begins', async () => {
  const begun: number[] = [];
  await runQueue([0, 1, 2, 3], {
    workers: 1,
    stopped: () => begun.length === 2,
    run: async (job) => {
      begun.push(job);
    },
  });
  expect(begun).toEqual([0, 1]);
});

test('a failure stops the queue after what already runs, and is passed on', async () => {
  const ended: number[] = [];
  const queue = runQueue([0, 1, 2, 3], {
    workers: 2,
    stopped: () => false,
    run: async (job) => {
      if (job === 0) throw new Error('broken');
      await sleep(5);
      ended.push(job);
    },
  });
  await expect(queue).rejects.toThrow('broken');
  expect(ended).toEqual([1]);
});
