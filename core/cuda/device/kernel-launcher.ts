import koffi from 'koffi';
import { CausalPilotError } from '../../errors.js';
import type { CudaDevice } from './device.js';
import type { Handle } from './driver.js';
import { findDeclaration, type ParameterKind } from './kernel-sources.js';
import type { KernelModules } from './modules.js';

/** Threads of a block of kernels that work element by element. */
export const BLOCK_THREADS = 256;
const MAX_DYNAMIC_SHARED_ATTRIBUTE = 8;
/** Shared memory that a block may use without being asked for. */
const ORDINARY_SHARED_BYTES = 48 * 1024;
const SLOT_BYTES = 8;
const STRUCT_BYTES = 256;

/** An address or a number, or the bytes of a struct. */
export type KernelArgument = number | Int32Array | Uint8Array;

export interface LaunchShape {
  /** Blocks along x, y and z. */
  readonly grid: readonly [number, number?, number?];
  /** Threads of a block. @defaultValue 256 */
  readonly threads?: number;
  /** Dynamic shared memory of a block. @defaultValue 0 */
  readonly sharedBytes?: number;
}

/** A kernel ready to be launched. Its arguments lie in memory of its own: the driver copies them during the call. */
class KernelFunction {
  readonly pointers: Handle;
  sharedBytesAllowed = ORDINARY_SHARED_BYTES;
  readonly #slots: DataView;
  readonly #bytes: Uint8Array;
  readonly #offsets: readonly number[];

  constructor(
    readonly name: string,
    readonly handle: Handle,
    readonly parameters: readonly ParameterKind[],
  ) {
    const tableBytes = parameters.length * SLOT_BYTES;
    const sizes = parameters.map((kind) => (kind === 'struct' ? STRUCT_BYTES : SLOT_BYTES));
    const total = tableBytes + sizes.reduce((sum, size) => sum + size, 0);
    const memory = koffi.alloc('uint8_t', total);
    this.pointers = Number(koffi.address(memory));
    this.#bytes = new Uint8Array(koffi.view(memory, total));
    this.#slots = new DataView(this.#bytes.buffer);
    let offset = tableBytes;
    this.#offsets = sizes.map((size) => {
      const own = offset;
      offset += size;
      return own;
    });
    this.#offsets.forEach((at, i) => {
      this.#slots.setBigUint64(i * SLOT_BYTES, BigInt(this.pointers + at), true);
    });
  }

  setArguments(values: readonly KernelArgument[]): void {
    if (values.length !== this.parameters.length) {
      throw new CausalPilotError(
        'E_BACKEND',
        `backend 'cuda': kernel '${this.name}' takes ${this.parameters.length} arguments, got ${values.length}; reinstall causal-pilot`,
      );
    }
    for (let i = 0; i < values.length; i++) this.#write(this.#offsets[i]!, this.parameters[i]!, values[i]!);
  }

  #write(offset: number, kind: ParameterKind, value: KernelArgument): void {
    if (typeof value !== 'number') {
      this.#bytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), offset);
    } else if (kind === 'float') {
      this.#slots.setFloat32(offset, value, true);
    } else if (kind === 'int') {
      this.#slots.setInt32(offset, value, true);
    } else {
      this.#slots.setUint32(offset, value % 2 ** 32, true);
      this.#slots.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
    }
  }
}

/** Launches kernels by name on the device's stream. */
export class KernelLauncher {
  readonly #functions = new Map<string, KernelFunction>();

  constructor(
    readonly device: CudaDevice,
    readonly modules: KernelModules,
  ) {}

  /**
   * Queues a kernel; it has not run when this returns.
   *
   * @throws CausalPilotError E_BACKEND when it cannot be loaded or launched.
   */
  launch(
    name: string,
    { grid, threads = BLOCK_THREADS, sharedBytes = 0 }: LaunchShape,
    values: KernelArgument[],
  ): void {
    const kernel = this.#functions.get(name) ?? this.#load(name);
    const { driver, stream } = this.device;
    if (sharedBytes > kernel.sharedBytesAllowed) {
      driver.call('cuFuncSetAttribute', kernel.handle, MAX_DYNAMIC_SHARED_ATTRIBUTE, sharedBytes);
      kernel.sharedBytesAllowed = sharedBytes;
    }
    kernel.setArguments(values);
    const [x, y = 1, z = 1] = grid;
    const { handle, pointers } = kernel;
    const result = driver.functions.cuLaunchKernel(handle, x, y, z, threads, 1, 1, sharedBytes, stream, pointers, 0);
    if (result !== 0) {
      const shape = `kernel '${name}', grid [${x}, ${y}, ${z}], ${threads} threads, ${sharedBytes} bytes of shared memory`;
      throw driver.error('cuLaunchKernel', result, `${shape}; please report this`);
    }
  }

  /** One thread per element. */
  launchEach(name: string, size: number, values: KernelArgument[]): void {
    if (size > 0) this.launch(name, { grid: [Math.ceil(size / BLOCK_THREADS)] }, values);
  }

  #load(name: string): KernelFunction {
    const { file, parameters } = findDeclaration(name);
    const kernel = new KernelFunction(name, this.modules.find(file, name), parameters);
    this.#functions.set(name, kernel);
    return kernel;
  }
}
