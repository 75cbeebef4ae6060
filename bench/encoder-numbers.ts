import { RandomStream } from '../core/random/stream.js';
import { type EncoderLayerWeights, WEIGHT_NAMES } from '../core/tensor/encoder-layer.js';
import { encoderLayerShapes } from '../core/tensor/encoder-layer-contract.js';

/** Sizes of the paper's encoder; `pairs` of layers, over variables and over rows. */
export interface EncoderSizes {
  readonly batch: number;
  readonly rows: number;
  readonly variables: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly pairs: number;
}

export const PAPER: EncoderSizes = { batch: 64, rows: 60, variables: 10, width: 32, heads: 8, hidden: 128, pairs: 4 };

/** Numbers of a benchmark's encoder: the same for every contender. */
export interface EncoderNumbers {
  /** [B, n, d, D] */
  readonly x: Float32Array;
  /** One map per layer, by weight name; shapes as in EncoderLayerWeights. */
  readonly layers: readonly ReadonlyMap<keyof EncoderLayerWeights, { shape: number[]; data: Float32Array }>[];
}

export function encoderNumbers(sizes: EncoderSizes): EncoderNumbers {
  const stream = new RandomStream('bench/encoder');
  const uniform = (name: string, count: number, scale: number) => {
    const own = stream.child(name);
    return Float32Array.from({ length: count }, () => (own.uniform() * 2 - 1) * scale);
  };
  const shapes = encoderLayerShapes({ ...sizes, attention: sizes.width });
  const layers = Array.from({ length: 2 * sizes.pairs }, (_, layer) => {
    const entries = WEIGHT_NAMES.map((name) => {
      const shape = shapes[name];
      const count = shape.reduce((product, size) => product * size, 1);
      const data = uniform(`${layer}/${name}`, count, Math.sqrt(3 / shape.at(-1)!));
      if (name.endsWith('Scale')) data.fill(1);
      return [name, { shape, data }] as const;
    });
    return new Map(entries);
  });
  const { batch, rows, variables, width } = sizes;
  return { x: uniform('x', batch * rows * variables * width, 1.7), layers };
}

/** Multiply-adds of the projections and the feed-forward part count as two operations each; exponentials are left out. */
export function forwardOperations({ batch, rows, variables, width, hidden, pairs }: EncoderSizes): number {
  const tokens = batch * rows * variables;
  const dense = 4 * width * width + 2 * width * hidden;
  const attention = (length: number) => 2 * length * width;
  return 2 * tokens * pairs * (2 * dense + attention(rows) + attention(variables));
}
