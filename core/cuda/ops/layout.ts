import type { Axis } from '../../native/ops/strided-axes.js';

/** Axes that a kernel can walk: MAX_RANK of layout.cuh. */
export const MAX_RANK = 8;

/** The struct Layout of layout.cuh. */
export function layoutStruct(axes: readonly Axis[]): Int32Array {
  const struct = new Int32Array(1 + 3 * MAX_RANK);
  struct[0] = axes.length;
  axes.forEach((axis, i) => {
    for (const part of [0, 1, 2]) struct[1 + part * MAX_RANK + i] = axis[part]!;
  });
  return struct;
}
