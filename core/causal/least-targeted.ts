import type { RandomStream } from '../random/stream.js';
import type { History } from './history.js';

/** The `count` variables that were targets in the fewest rows, at random among equals; all of them where there are fewer. */
export function leastTargeted({ size, rows, targets }: History, count: number, stream: RandomStream): number[] {
  const times = new Uint32Array(size);
  for (let entry = 0; entry < rows * size; entry++) times[entry % size]! += targets[entry]!;
  // The sort is stable, so variables that were targets equally often keep their random order.
  const order = Array.from(stream.permutation(size)).sort((i, j) => times[i]! - times[j]!);
  return order.slice(0, count);
}
