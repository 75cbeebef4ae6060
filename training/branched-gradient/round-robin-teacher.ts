import { leastTargeted } from '../../core/causal/least-targeted.js';
import type { TargetTeacher } from './rollout.js';

/**
 * The strongest simple strategies as teachers: in every rollout those `count` variables that were targets least often, at
 * random among equals.
 */
export function roundRobinTeacher(count: number): TargetTeacher {
  return ({ episodes, size }, streams) => {
    const flags = new Uint8Array(episodes.length * size);
    episodes.forEach(({ history }, b) => {
      for (const variable of leastTargeted(history, count, streams[b]!)) flags[b * size + variable] = 1;
    });
    return flags;
  };
}
