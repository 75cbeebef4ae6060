/** Below this many numbers an array of its own is cheaper than a pooled one. */
const SMALLEST_POOLED = 1024;
export const NUMBER_BYTES = 4;

/** Room for `length` numbers: the next multiple of an eighth of its power of two, so that few classes serve many sizes. */
export function roomFor(length: number): number {
  const step = Math.max(2 ** (Math.floor(Math.log2(length)) - 3), SMALLEST_POOLED / 8);
  return Math.ceil(length / step) * step;
}

/**
 * Recycles the buffers of disposed tensors: fresh memory costs a page fault every 4 KiB, which is more than many kernels
 * need for their work. Buffers beyond the limit are left to the garbage collector.
 */
export class MemoryPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #owned = new WeakSet<ArrayBufferLike>();
  #freeBytes = 0;

  constructor(readonly limitBytes: number) {}

  /** An array of `length` numbers with any content. */
  take(length: number): Float32Array {
    if (length < SMALLEST_POOLED) return new Float32Array(length);
    const room = roomFor(length);
    let buffer = this.#free.get(room)?.pop();
    if (buffer === undefined) {
      buffer = new ArrayBuffer(room * NUMBER_BYTES);
      this.#owned.add(buffer);
    } else {
      this.#freeBytes -= buffer.byteLength;
    }
    return new Float32Array(buffer, 0, length);
  }

  /** Whether the memory of the array came from this pool. */
  owns(array: Float32Array): boolean {
    return this.#owned.has(array.buffer);
  }

  /** Takes back an array that nobody reads any more; others are ignored. */
  give(array: Float32Array): void {
    const { buffer } = array;
    if (!(buffer instanceof ArrayBuffer) || !this.#owned.has(buffer)) return;
    if (this.#freeBytes + buffer.byteLength > this.limitBytes) this.clear();
    const room = buffer.byteLength / NUMBER_BYTES;
    const list = this.#free.get(room);
    if (list === undefined) this.#free.set(room, [buffer]);
    else list.push(buffer);
    this.#freeBytes += buffer.byteLength;
  }

  /** Forgets all free buffers. */
  clear(): void {
    this.#free.clear();
    this.#freeBytes = 0;
  }
}
