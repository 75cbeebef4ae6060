import koffi, { type LibraryHandle } from 'koffi';
import { CausalPilotError } from '../../errors.js';

/**
 * Parameters of the driver functions that we call, as in cuda.h: a an array read or written in place, n a 64-bit number (a
 * handle, a device address or a size), u uint32, i int32, z text. All return a CUresult.
 */
const SIGNATURES = {
  cuInit: 'u',
  cuDriverGetVersion: 'a',
  cuDeviceGetCount: 'a',
  cuDeviceGet: 'ai',
  cuDeviceGetName: 'aii',
  cuDeviceGetAttribute: 'aii',
  cuDeviceTotalMem_v2: 'ai',
  cuDevicePrimaryCtxRetain: 'ai',
  cuCtxSetCurrent: 'n',
  cuMemGetInfo_v2: 'aa',
  cuMemAlloc_v2: 'an',
  cuMemFree_v2: 'n',
  cuMemHostAlloc: 'anu',
  cuMemcpyHtoDAsync_v2: 'nann',
  cuMemcpyDtoHAsync_v2: 'annn',
  cuMemcpyDtoDAsync_v2: 'nnnn',
  cuMemsetD8Async: 'nunn',
  cuMemsetD32Async: 'nunn',
  cuStreamCreate: 'au',
  cuStreamSynchronize: 'n',
  cuStreamBeginCapture_v2: 'ni',
  cuStreamEndCapture: 'na',
  cuGraphInstantiateWithFlags: 'ann',
  cuGraphLaunch: 'nn',
  cuGraphExecDestroy: 'n',
  cuGraphDestroy: 'n',
  cuEventCreate: 'au',
  cuEventRecord: 'nn',
  cuEventSynchronize: 'n',
  cuModuleLoadDataEx: 'aauaa',
  cuModuleGetFunction: 'anz',
  cuFuncSetAttribute: 'nii',
  cuLaunchKernel: 'nuuuuuuunnn',
  cuGetErrorName: 'ia',
  cuGetErrorString: 'ia',
} as const satisfies Record<string, string>;

const PARAMETER_TYPES: Record<string, string> = {
  a: 'void *',
  n: 'uint64_t',
  u: 'uint32_t',
  i: 'int32_t',
  z: 'const char *',
};

export type DriverFunction = keyof typeof SIGNATURES;
type Argument = ArrayBufferView | number | bigint | string | null;

/** A handle or an address: 64 bits in C, but below 2^53 on every system that CUDA runs on. */
export type Handle = number;

/** CUresult codes that are handled, not only reported. */
export const OUT_OF_MEMORY = 2;

/** The functions of the CUDA driver API, from libcuda or from the software device that stands in for it. */
export class CudaDriver {
  readonly functions: Readonly<Record<DriverFunction, (...args: Argument[]) => number>>;

  /**
   * @param path - the library
   * @throws Error of the loader when the library or one of the functions is not there.
   */
  constructor(path: string) {
    const library: LibraryHandle = koffi.load(path);
    const functions: Record<string, unknown> = {};
    for (const [name, signature] of Object.entries(SIGNATURES)) {
      const parameters = [...signature].map((letter) => PARAMETER_TYPES[letter]!);
      functions[name] = library.func(name, 'int32_t', parameters);
    }
    this.functions = functions as CudaDriver['functions'];
  }

  /**
   * Calls a function.
   *
   * @throws CausalPilotError E_BACKEND with the driver's name and text of the error.
   */
  call(name: DriverFunction, ...args: Argument[]): void {
    const result = this.functions[name](...args);
    if (result !== 0) throw this.error(name, result);
  }

  /** Calls a function whose first parameter receives a handle, an address or a size. */
  obtain(name: DriverFunction, ...args: Argument[]): Handle {
    const result = new BigUint64Array(1);
    this.call(name, result, ...args);
    return Number(result[0]);
  }

  /** Calls a function whose first parameter receives an int. */
  obtainInt(name: DriverFunction, ...args: Argument[]): number {
    const result = new Int32Array(1);
    this.call(name, result, ...args);
    return result[0]!;
  }

  /** The error of a failed call; `detail` says what was asked and how to go on. */
  error(name: DriverFunction, result: number, detail = REMEDY): CausalPilotError {
    const text = `${name.replace(/_v2$/, '')}: ${this.#text('cuGetErrorName', result)} (${this.#text('cuGetErrorString', result)})`;
    return new CausalPilotError('E_BACKEND', `backend 'cuda': ${text}; ${detail}`);
  }

  #text(name: 'cuGetErrorName' | 'cuGetErrorString', result: number): string {
    const address = new BigUint64Array(1);
    const known = this.functions[name](result, address) === 0 && address[0] !== 0n;
    return known ? koffi.decode.string(address[0]) : `error ${result}`;
  }
}

const REMEDY = "look at the device with nvidia-smi, or use '--backend native'";
