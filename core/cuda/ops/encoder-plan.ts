import type { DeviceDescription } from '../device/device.js';

// Shapes: x [B, n, d, D], A attention width, K = A / heads, F feed-forward width; as in encoder-call.cuh.

/** The sizes of one call. */
export interface EncoderSizes {
  readonly batch: number;
  readonly rows: number;
  readonly variables: number;
  readonly width: number;
  readonly attention: number;
  readonly heads: number;
  readonly hidden: number;
  readonly axis: 'rows' | 'variables';
}

/** Widths that kernels were made for, the smallest that holds a layer's is used. */
const KERNEL_WIDTHS = [16, 32, 64] as const;
const HEAD_SIZES: readonly number[] = [4, 8, 16];

const TILE_TOKENS = 16;
const CHUNK_TILES = 4;
const TILE_NUMBERS = 64;
const FLOAT_BYTES = 4;
/** Short sequences are taken together up to this many tokens. */
const GROUP_TOKENS = 64;
/** Blocks that a multiprocessor runs beside each other. */
const BLOCKS_AT_ONCE = 4;
const BLOCK_TILES = 4;

export const ENCODER_THREADS = 128;

/** Whether the fused kernels can run the layer; others are composed of smaller kernels. */
export function fitsEncoderKernels({
  width,
  attention,
  heads,
}: Pick<EncoderSizes, 'width' | 'attention' | 'heads'>): boolean {
  const fitsWidth = width % 2 === 0 && width <= KERNEL_WIDTHS.at(-1)!;
  return fitsWidth && attention % 8 === 0 && HEAD_SIZES.includes(attention / heads);
}

/** How the kernels of one call are launched. */
export interface EncoderPlan {
  /** The number in the names of the kernels. */
  readonly kernelWidth: number;
  readonly sequencesPerGroup: number;
  /** Blocks of encoder_forward and encoder_backward. */
  readonly blocks: number;
  /** Dynamic shared memory of a block, 0 where the work areas lie in device memory. */
  readonly sharedBytes: number;
  /** Numbers of the work areas of all blocks in device memory, 0 where they are in shared memory. */
  readonly workNumbers: number;
}

const ceilTo = (value: number, step: number): number => Math.ceil(value / step) * step;

/** The launch of encoder_forward, or of encoder_backward where `gradient`. */
export function planEncoder(sizes: EncoderSizes, gradient: boolean, device: DeviceDescription): EncoderPlan {
  const { batch, rows, variables, attention, heads } = sizes;
  const [length, sequences] = sizes.axis === 'rows' ? [rows, batch * variables] : [variables, batch * rows];
  const sequencesPerGroup = Math.max(1, Math.min(Math.floor(GROUP_TOKENS / length), sequences));
  const groups = Math.ceil(sequences / sequencesPerGroup);
  const tokens = ceilTo(sequencesPerGroup * length, TILE_TOKENS);
  const numbers = tokens * (gradient ? 5 * attention + 4 + 2 * heads : 3 * attention + 4);
  const bytes = numbers * FLOAT_BYTES;
  const inShared = bytes <= device.maxSharedBytes;
  // Work areas in device memory are one per block; else a block per group leaves the balance to the device.
  const blocks = inShared ? groups : Math.min(groups, BLOCKS_AT_ONCE * device.multiprocessors);
  return {
    kernelWidth: kernelWidth(sizes),
    sequencesPerGroup,
    blocks,
    sharedBytes: inShared ? bytes : 0,
    workNumbers: inShared ? 0 : numbers * blocks,
  };
}

function kernelWidth({ width }: Pick<EncoderSizes, 'width'>): number {
  return KERNEL_WIDTHS.find((candidate) => candidate >= width)!;
}

/** Numbers of the packed weights, PackedLayout's. */
export function packedNumbers(sizes: EncoderSizes, gradient: boolean): number {
  const width = kernelWidth(sizes);
  const tiles = (columns: number): number => ceilTo(Math.ceil(columns / 8), CHUNK_TILES);
  const [projections, hidden] = [tiles(3 * sizes.attention), tiles(sizes.hidden)];
  const vectors = 6 * width + 8 * (projections + hidden);
  const matrices = (projections + tiles(sizes.attention) + 2 * hidden) * (width / 8) * TILE_NUMBERS;
  return vectors + (gradient ? 2 : 1) * matrices;
}

/** How the gradients of the weights are summed. */
export interface WeightSumsPlan {
  /** Sums of one range of tokens, SumsLayout's numbers. */
  readonly numbers: number;
  readonly ranges: number;
  /** Blocks along x of encoder_feed_forward_weights and encoder_projection_weights. */
  readonly feedForwardBlocks: number;
  readonly projectionBlocks: number;
}

/** Blocks enough to keep a large device busy; the same on every device, so that sums are. */
const BUSY_BLOCKS = 528;

export function planWeightSums(sizes: EncoderSizes): WeightSumsPlan {
  const { batch, rows, variables, width, attention, hidden } = sizes;
  const features = 8 * (kernelWidth(sizes) > 32 ? 2 : 4);
  const feedForwardBlocks = Math.ceil(hidden / features);
  const projectionBlocks = Math.ceil((3 * attention) / features) + Math.ceil(attention / features);
  const tiles = Math.ceil((batch * rows * variables) / TILE_TOKENS);
  const wanted = Math.ceil(BUSY_BLOCKS / Math.min(feedForwardBlocks, projectionBlocks));
  return {
    numbers: (4 * attention + 2 * hidden) * width + 3 * attention + 2 * width + hidden,
    ranges: Math.max(1, Math.min(Math.ceil(tiles / BLOCK_TILES), wanted)),
    feedForwardBlocks,
    projectionBlocks,
  };
}

/** Numbers that encoder_backward leaves for the gradients of the weights, per token. */
export function keptNumbers({ width, attention }: EncoderSizes): number {
  return 2 * width + 4 * attention;
}

/** The addresses and dropout of an EncoderCall; 0 stands for a null pointer. */
export interface EncoderCallParts {
  readonly packed: number;
  readonly rowMask: number;
  readonly rowOrder: number;
  readonly realRows: number;
  readonly dropoutKeys: number;
  /** 0 where nothing is dropped. */
  readonly dropoutThreshold: number;
  readonly dropoutRate: number;
  /** Place of the call's first number of x in the whole x. */
  readonly dropoutBase: number;
}

/** The bytes of EncoderCall (encoder-call.cuh). */
export function encoderCall(sizes: EncoderSizes, plan: EncoderPlan, parts: EncoderCallParts): Int32Array {
  const call = new Int32Array(24);
  const addresses = new BigUint64Array(call.buffer, 0, 5);
  addresses.set(
    [parts.packed, parts.rowMask, parts.rowOrder, parts.realRows, parts.dropoutKeys].map((address) => BigInt(address)),
  );
  call[10] = parts.dropoutThreshold;
  call[11] = parts.dropoutBase % 2 ** 32;
  new Float32Array(call.buffer)[12] = 1 / (1 - parts.dropoutRate);
  const { batch, rows, variables, width, attention, heads, hidden, axis } = sizes;
  const numbers = [batch, rows, variables, width, attention, heads, hidden, axis === 'rows' ? 1 : 0];
  call.set([...numbers, plan.sequencesPerGroup, plan.sharedBytes > 0 ? 1 : 0], 14);
  return call;
}
