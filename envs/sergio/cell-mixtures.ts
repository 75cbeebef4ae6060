import type { RandomStream } from '../../core/random/stream.js';

// What differs from cell to cell of one condition. Shapes: R cells, d genes, N batches.

/** [R]: 1 where a guide does not work, which happens with probability 1 - efficiency. */
export function failedGuides(cells: number, efficiency: number, stream: RandomStream): Uint8Array {
  return Uint8Array.from({ length: cells }, () => (stream.bernoulli(efficiency) ? 0 : 1));
}

/** Rows of `perturbed` [R, d], and of `unperturbed` where the guide failed. */
export function withFailedGuides(perturbed: Float32Array, unperturbed: Float32Array, failed: Uint8Array): Float32Array {
  const genes = perturbed.length / failed.length;
  return perturbed.map((value, entry) => (failed[Math.floor(entry / genes)] === 1 ? unperturbed[entry]! : value));
}

/** [N, d]: what each batch multiplies each gene with, exp(std z) with a standard normal z. */
export function drawBatchFactors(
  { batches, batchStd, genes }: { readonly batches: number; readonly batchStd: number; readonly genes: number },
  stream: RandomStream,
): Float32Array {
  return Float32Array.from({ length: batches * genes }, () => Math.exp(batchStd * stream.normal()));
}

/** [R]: the batch of each cell, any with the same probability. */
export function drawBatches(cells: number, batches: number, stream: RandomStream): Int32Array {
  return Int32Array.from({ length: cells }, () => stream.integer(batches));
}

/** Expression [R, d] as it is in the cells' batches. */
export function inBatches(values: Float32Array, batches: Int32Array, factors: Float32Array): Float32Array {
  const genes = values.length / batches.length;
  return values.map((value, entry) => value * factors[batches[Math.floor(entry / genes)]! * genes + (entry % genes)]!);
}
