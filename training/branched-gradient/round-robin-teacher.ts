import type { RandomStream } from '../../core/random/stream.js';
import type { Branches } from './branches.js';

/**
 * The best simple strategy as a teacher: in every rollout one target, any of the variables that were targets least often
 * with equal probability. Flags [B * d]; rollout b draws from stream number b.
 */
export function roundRobinTargets({ episodes, size }: Branches, streams: readonly RandomStream[]): Uint8Array {
  const flags = new Uint8Array(episodes.length * size);
  episodes.forEach(({ history }, b) => {
    const counts = new Uint32Array(size);
    history.targets.forEach((flag, at) => {
      counts[at % size]! += flag;
    });
    const fewest = counts.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
    const candidates = Array.from(counts.keys()).filter((variable) => counts[variable] === fewest);
    flags[b * size + candidates[streams[b]!.integer(candidates.length)]!] = 1;
  });
  return flags;
}
