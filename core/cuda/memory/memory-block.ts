import type { Handle } from '../device/driver.js';

/** A piece of device memory; `bytes` is what its size class has, at least what was asked for. */
export interface Block {
  readonly address: Handle;
  readonly bytes: number;
  /** The recording that the block is reserved for. */
  owner: BlockOwner | undefined;
  /** Recordings that read or write the block though it does not belong to them; it is not given to others meanwhile. */
  pins: number;
  /** Whether its tensor is gone, so that it becomes free with the last pin. */
  released: boolean;
}

/** Who takes a block back when its tensor is gone. */
export interface BlockOwner {
  give(block: Block): void;
}

/** The memory that all recordings share. */
export interface SharedMemory extends BlockOwner {
  /** Keeps a block of somebody else for a recording. */
  pin(block: Block): void;
  unpin(block: Block): void;
}
