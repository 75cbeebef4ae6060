import { NUMBER_BYTES, roomFor } from '../../native/memory/memory-pool.js';
import type { CudaDevice } from '../device/device.js';
import { OUT_OF_MEMORY } from '../device/driver.js';
import { FreeBlocks } from './free-blocks.js';
import type { Arena } from './memory-arena.js';
import type { Block, SharedMemory } from './memory-block.js';
import { RecordingPool } from './recording-pool.js';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * Device memory that is kept for the next tensor of its size class. Everything happens in order on one stream, so a block
 * can be handed on as soon as the call that last uses it was made: nothing has to wait for the device.
 */
export class DeviceMemory implements SharedMemory {
  readonly #free = new FreeBlocks();
  #heldBytes = 0;
  #peakBytes = 0;
  /** The recording under way: it gets the blocks that are taken meanwhile. */
  recording: Arena | undefined;
  /** What all recordings share. */
  readonly recordingPool = new RecordingPool(this);

  constructor(readonly device: CudaDevice) {}

  /** Bytes taken from the device, of these in use, and the most that ever were in use. */
  get statistics(): { heldBytes: number; usedBytes: number; peakBytes: number } {
    return { heldBytes: this.#heldBytes, usedBytes: this.#heldBytes - this.#free.bytes, peakBytes: this.#peakBytes };
  }

  /**
   * Memory of at least `bytes` with any content.
   *
   * @throws CausalPilotError E_BACKEND when the device has no room, saying how much was asked and held.
   */
  take(bytes: number): Block {
    const room = roomFor(Math.max(Math.ceil(bytes / NUMBER_BYTES), 1)) * NUMBER_BYTES;
    const arena = this.recording;
    const block = arena?.takeFree(room) ?? this.takeOutside(room);
    if (arena !== undefined) arena.adopt(block);
    return block;
  }

  /** The same, but for a tensor that is not part of the recording under way. */
  takeOutside(bytes: number): Block {
    const room = roomFor(Math.max(Math.ceil(bytes / NUMBER_BYTES), 1)) * NUMBER_BYTES;
    const block = this.#free.take(room) ?? this.#allocate(room);
    block.released = false;
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes - this.#free.bytes);
    return block;
  }

  /** Memory that is written once, beside a recording under way, and read by it: no recorded kernel may write there. */
  takeConstant(bytes: number): Block {
    const block = this.takeOutside(bytes);
    this.recording?.adoptAsOwn(block);
    return block;
  }

  /** Takes back a block that no later call will use. */
  give(block: Block): void {
    if (block.owner !== undefined) block.owner.give(block);
    else if (block.pins > 0) block.released = true;
    else this.#free.put(block);
  }

  pin(block: Block): void {
    block.pins++;
  }

  unpin(block: Block): void {
    block.pins--;
    if (block.pins === 0 && block.released) this.#free.put(block);
  }

  /** Returns all free blocks to the device, once it has finished. */
  trim(): void {
    this.device.synchronize();
    for (const { address, bytes } of this.#free.takeAll()) {
      this.device.driver.call('cuMemFree_v2', address);
      this.#heldBytes -= bytes;
    }
  }

  #allocate(bytes: number): Block {
    const address = new BigUint64Array(1);
    const { driver } = this.device;
    let result = driver.functions.cuMemAlloc_v2(address, bytes);
    // While kernels are recorded nothing runs, and memory must not be freed.
    if (result === OUT_OF_MEMORY && this.#free.bytes > 0 && this.recording === undefined) {
      this.trim();
      result = driver.functions.cuMemAlloc_v2(address, bytes);
    }
    if (result !== 0) throw driver.error('cuMemAlloc_v2', result, this.#remedy(bytes));
    this.#heldBytes += bytes;
    return { address: Number(address[0]), bytes, owner: undefined, pins: 0, released: false };
  }

  #remedy(bytes: number): string {
    const { freeBytes, totalBytes } = this.device.memory();
    const held = `asked for ${mebibytes(bytes)} with ${mebibytes(this.#heldBytes)} held by this process`;
    return `${held} and ${mebibytes(freeBytes)} of ${mebibytes(totalBytes)} free; lower the batch size or end other programs on the device`;
  }
}
