import { FreeBlocks } from './free-blocks.js';
import type { Block, BlockOwner, SharedMemory } from './memory-block.js';

/**
 * Memory for what lives only while a recording is replayed. All recordings share it, because replays run one after the other;
 * it is kept from everything else as long as there is one of them.
 */
export class RecordingPool implements BlockOwner {
  readonly #blocks = new Set<Block>();
  readonly #free = new FreeBlocks();
  #recordings = 0;

  constructor(readonly memory: SharedMemory) {}

  /** A recording begins to use the pool. */
  enter(): void {
    this.#recordings++;
  }

  /** A recording will not be replayed any more; with the last one all memory goes back. */
  leave(): void {
    this.#recordings--;
    if (this.#recordings > 0) return;
    for (const block of this.#blocks) block.owner = undefined;
    this.#blocks.clear();
    for (const block of this.#free.takeAll()) this.memory.give(block);
  }

  take(bytes: number): Block | undefined {
    return this.#free.take(bytes);
  }

  /** Adds a block to the pool, in use. */
  adopt(block: Block): void {
    this.#blocks.add(block);
  }

  give(block: Block): void {
    this.#free.put(block);
  }
}
