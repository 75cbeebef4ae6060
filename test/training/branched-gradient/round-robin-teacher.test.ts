import { expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { Branches } from '../../../training/branched-gradient/branches.js';
import { roundRobinTeacher } from '../../../training/branched-gradient/round-robin-teacher.js';
import { SIZE, toyEnvironment, toyGroups } from './toy-experiment.js';

const targetsOf = (flags: Uint8Array) =>
  Array.from({ length: flags.length / SIZE }, (_, b) => [...flags.subarray(b * SIZE, (b + 1) * SIZE)]);

test.each([1, 2])('%i at a time, visits every variable once before any twice, in orders of its own', (count) => {
  const { prior, settings } = toyEnvironment({ budget: 2 * SIZE });
  const branches = new Branches(settings, prior, { groups: toyGroups(40), branches: 2 });
  const counts = Array.from({ length: branches.count }, () => new Array<number>(SIZE).fill(0));
  const first = new Array<number>(SIZE).fill(0);
  for (let t = 0; t < 2 * SIZE; t++) {
    const streams = counts.map((_, b) => new RandomStream(`teacher/${t}/${b}`));
    const flags = roundRobinTeacher(count)(branches, streams);
    targetsOf(flags).forEach((chosen, b) => {
      expect(chosen.reduce((sum, flag) => sum + flag, 0)).toBe(count);
      chosen.forEach((flag, i) => {
        counts[b]![i]! += flag;
        if (t === 0) first[i]! += flag;
      });
      expect(Math.max(...counts[b]!) - Math.min(...counts[b]!)).toBeLessThan(2);
    });
    branches.measure(flags, new Float32Array(flags.length).fill(1), false);
  }
  for (const visits of first) expect(visits).toBeGreaterThan(10);
});
