import type { Block, BlockOwner, SharedMemory } from './memory-block.js';
import type { RecordingPool } from './recording-pool.js';

/**
 * The memory of one recording. A recorded kernel keeps the addresses it was recorded with, so whatever it touches stays
 * reserved as long as it may be replayed: intermediate results in the pool of all recordings, constants and outputs, which
 * must outlive other replays, in blocks of their own, and tensors from outside where they are.
 */
export class Arena implements BlockOwner {
  readonly #used = new Set<Block>();
  /** Blocks of constants and outputs, and whether their tensors still live. */
  readonly #own = new Map<Block, boolean>();
  readonly #pinned = new Set<Block>();

  constructor(
    readonly memory: SharedMemory,
    readonly pool: RecordingPool,
  ) {
    pool.enter();
  }

  /** A block of the pool that is free at this point of the recording. */
  takeFree(room: number): Block | undefined {
    return this.pool.take(room);
  }

  /** Puts a block into use for an intermediate result. */
  adopt(block: Block): void {
    block.owner = this;
    this.pool.adopt(block);
    this.#used.add(block);
  }

  /** Reserves a block for values that no other kernel may overwrite. */
  adoptAsOwn(block: Block): void {
    block.owner = this;
    this.#own.set(block, true);
  }

  /** Whether the block is one of `adoptAsOwn`. */
  owns(block: Block): boolean {
    return this.#own.has(block);
  }

  /** Keeps a block that a recorded kernel uses, though its tensor is older than the recording. */
  pin(block: Block): void {
    if (block.owner === this || this.#pinned.has(block)) return;
    this.#pinned.add(block);
    this.memory.pin(block);
  }

  /** The tensor of a block is gone. */
  give(block: Block): void {
    if (this.#used.delete(block)) this.pool.give(block);
    else this.#own.set(block, false);
  }

  /** Number of intermediate results whose tensors still live. */
  get living(): number {
    return this.#used.size;
  }

  /** Ends the recording: blocks of tensors that still live go back to the pool after them. */
  seal(): void {
    for (const block of this.#used) block.owner = this.pool;
    this.#used.clear();
  }

  /** Gives all memory back; blocks of tensors that still live become theirs. */
  dispose(): void {
    for (const [block, lives] of this.#own) {
      block.owner = undefined;
      if (!lives) this.memory.give(block);
    }
    for (const block of this.#pinned) this.memory.unpin(block);
    this.#own.clear();
    this.#pinned.clear();
    this.pool.leave();
  }
}
