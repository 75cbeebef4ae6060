import koffi from 'koffi';
import type { CudaDevice } from './device.js';
import type { Handle } from './driver.js';
import type { KernelImages } from './kernel-images.js';

const JIT_ERROR_LOG_BUFFER = 5;
const JIT_ERROR_LOG_BYTES = 6;
const LOG_BYTES = 8192;

/** The compiled .cu files on a device, each loaded when its first kernel is used. */
export class KernelModules {
  readonly #modules = new Map<string, Handle>();

  constructor(
    readonly device: CudaDevice,
    readonly images: KernelImages,
  ) {}

  /** The function of a kernel. */
  find(file: string, kernel: string): Handle {
    let module = this.#modules.get(file);
    if (module === undefined) {
      module = this.#load(file);
      this.#modules.set(file, module);
    }
    return this.device.driver.obtain('cuModuleGetFunction', module, kernel);
  }

  #load(file: string): Handle {
    const { driver } = this.device;
    const log = koffi.alloc('uint8_t', LOG_BYTES);
    const text = new Uint8Array(koffi.view(log, LOG_BYTES));
    text.fill(0);
    const module = new BigUint64Array(1);
    const options = Int32Array.of(JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BYTES);
    const values = BigUint64Array.of(BigInt(koffi.address(log)), BigInt(LOG_BYTES));
    const result = driver.functions.cuModuleLoadDataEx(
      module,
      this.images.image(file),
      options.length,
      options,
      values,
    );
    const said = Buffer.from(text).toString('utf8').replace(/\0.*$/s, '').trim();
    koffi.free(log);
    if (result === 0) return Number(module[0]);
    throw driver.error('cuModuleLoadDataEx', result, `loading ${file}: ${said}; update the NVIDIA driver`);
  }
}
