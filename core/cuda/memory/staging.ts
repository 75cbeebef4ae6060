import koffi from 'koffi';
import type { CudaDevice } from '../device/device.js';
import type { Handle } from '../device/driver.js';

const HALF_BYTES = 4 * 2 ** 20;
const ALIGNMENT = 16;
const EVENT_WITHOUT_TIMING = 2;

/**
 * Pinned host memory through which values travel to the device while the program goes on. One half is filled while the
 * device may still read the other; a half is used again after the event behind its last copy.
 */
export class Staging {
  readonly #device: CudaDevice;
  readonly #address: Handle;
  readonly #bytes: Uint8Array;
  readonly #events: readonly [Handle, Handle];
  readonly #recorded: [boolean, boolean] = [false, false];
  #half: 0 | 1 = 0;
  #used = 0;

  constructor(device: CudaDevice) {
    this.#device = device;
    this.#address = device.driver.obtain('cuMemHostAlloc', 2 * HALF_BYTES, 0);
    this.#bytes = new Uint8Array(koffi.view(BigInt(this.#address), 2 * HALF_BYTES));
    const event = () => device.driver.obtain('cuEventCreate', EVENT_WITHOUT_TIMING);
    this.#events = [event(), event()];
  }

  /** Copies the values to the device, in order with the kernels of the stream; the array may be changed afterwards. */
  upload(values: ArrayBufferView, target: Handle): void {
    const { driver, stream } = this.#device;
    const size = values.byteLength;
    if (size === 0) return;
    if (size > HALF_BYTES) {
      // The driver has read ordinary memory by the time its call returns.
      driver.call('cuMemcpyHtoDAsync_v2', target, values, size, stream);
      return;
    }
    if (this.#used + size > HALF_BYTES) this.#changeHalf();
    const offset = this.#half * HALF_BYTES + this.#used;
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, size), offset);
    driver.call('cuMemcpyHtoDAsync_v2', target, this.#bytes.subarray(offset, offset + size), size, stream);
    this.#used += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  }

  #changeHalf(): void {
    const { driver, stream } = this.#device;
    driver.call('cuEventRecord', this.#events[this.#half], stream);
    this.#recorded[this.#half] = true;
    this.#half = this.#half === 0 ? 1 : 0;
    this.#used = 0;
    if (this.#recorded[this.#half]) driver.call('cuEventSynchronize', this.#events[this.#half]);
  }
}
