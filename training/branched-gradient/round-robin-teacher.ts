import type { TargetTeacher } from './rollout.js';

/**
 * The strongest simple strategies as teachers: in every rollout those `count` variables that were targets least often, at
 * random among equals (all of them where there are fewer).
 */
export function roundRobinTeacher(count: number): TargetTeacher {
  return ({ episodes, size }, streams) => {
    const flags = new Uint8Array(episodes.length * size);
    episodes.forEach(({ history }, b) => {
      const times = new Uint32Array(size);
      history.targets.forEach((flag, at) => {
        times[at % size]! += flag;
      });
      // The sort is stable, so variables that were targets equally often keep their random order.
      const order = Array.from(streams[b]!.permutation(size)).sort((i, j) => times[i]! - times[j]!);
      for (const variable of order.slice(0, count)) flags[b * size + variable] = 1;
    });
    return flags;
  };
}
