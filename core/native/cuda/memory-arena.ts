import { FreeBlocks } from './free-blocks.js';
import type { Block, BlockOwner, SharedMemory } from './memory-block.js';

/**
 * The memory of one recording. A recorded kernel keeps the addresses it was recorded with, so whatever it touches stays
 * reserved as long as it may be replayed. Within the recording a block whose tensor is gone serves the next one: replays
 * run in the same order.
 */
export class Arena implements BlockOwner {
  readonly #blocks = new Set<Block>();
  readonly #used = new Set<Block>();
  readonly #constants = new Set<Block>();
  readonly #pinned = new Set<Block>();
  readonly #free = new FreeBlocks();
  #recording = true;

  constructor(readonly memory: SharedMemory) {}

  /** A block of this arena that is free again. */
  takeFree(room: number): Block | undefined {
    return this.#free.take(room);
  }

  /** Reserves a block for this recording. */
  adopt(block: Block): void {
    block.owner = this;
    this.#blocks.add(block);
    this.#used.add(block);
  }

  /** Reserves a block for values that nothing in the recording may overwrite. */
  adoptConstant(block: Block): void {
    this.adopt(block);
    this.#constants.add(block);
  }

  /** Keeps a block that a recorded kernel uses, though its tensor is older than the recording. */
  pin(block: Block): void {
    if (block.owner === this || this.#pinned.has(block)) return;
    this.#pinned.add(block);
    this.memory.pin(block);
  }

  /** The tensor of a block is gone. */
  give(block: Block): void {
    this.#used.delete(block);
    if (!this.#recording || this.#constants.has(block)) return;
    this.#free.put(block);
  }

  /** Blocks whose tensors still live, constants aside. */
  get living(): Block[] {
    return [...this.#used].filter((block) => !this.#constants.has(block));
  }

  /** Ends the recording: from now on every block keeps its place. */
  seal(): void {
    this.#recording = false;
    this.#free.takeAll();
  }

  /** Gives all memory back; blocks of tensors that still live become theirs. */
  dispose(): void {
    for (const block of this.#blocks) {
      block.owner = undefined;
      if (!this.#used.has(block)) this.memory.give(block);
    }
    for (const block of this.#pinned) this.memory.unpin(block);
    this.#blocks.clear();
    this.#pinned.clear();
  }
}
