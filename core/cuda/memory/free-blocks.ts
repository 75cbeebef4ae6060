import type { Block } from './memory-block.js';

/** A free block this many times larger than what is asked is still taken: memory held matters more than memory unused. */
const LARGEST_EXCESS = 2;

/** Blocks that nobody uses, by size. */
export class FreeBlocks {
  readonly #bySize = new Map<number, Block[]>();
  #bytes = 0;

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Removes and returns the smallest block of at least `bytes` that is not wastefully large. */
  take(bytes: number): Block | undefined {
    const block = this.#bySize.get(this.#bestSize(bytes))?.pop();
    if (block !== undefined) this.#bytes -= block.bytes;
    return block;
  }

  put(block: Block): void {
    const list = this.#bySize.get(block.bytes);
    if (list === undefined) this.#bySize.set(block.bytes, [block]);
    else list.push(block);
    this.#bytes += block.bytes;
  }

  /** Removes and returns all blocks. */
  takeAll(): Block[] {
    const blocks = [...this.#bySize.values()].flat();
    this.#bySize.clear();
    this.#bytes = 0;
    return blocks;
  }

  #bestSize(bytes: number): number {
    if ((this.#bySize.get(bytes)?.length ?? 0) > 0) return bytes;
    let best = bytes * LARGEST_EXCESS + 1;
    for (const [size, list] of this.#bySize) if (size >= bytes && size < best && list.length > 0) best = size;
    return best;
  }
}
