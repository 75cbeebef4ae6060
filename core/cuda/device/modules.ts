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
    const { alternative } = this.images;
    const first = this.#tryLoad(this.images.image(file));
    const loaded = first.result === 0 || alternative === undefined ? first : this.#tryLoad(alternative(file));
    if (loaded.result === 0) return loaded.module;
    const detail = `loading ${file}: ${loaded.said}; update the NVIDIA driver`;
    throw this.device.driver.error('cuModuleLoadDataEx', loaded.result, detail);
  }

  /** The module, or the driver's result and what its compiler said. */
  #tryLoad(image: Uint8Array): { result: number; module: Handle; said: string } {
    const log = koffi.alloc('uint8_t', LOG_BYTES);
    const text = new Uint8Array(koffi.view(log, LOG_BYTES));
    text.fill(0);
    const module = new BigUint64Array(1);
    const options = Int32Array.of(JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BYTES);
    const values = BigUint64Array.of(BigInt(koffi.address(log)), BigInt(LOG_BYTES));
    const { cuModuleLoadDataEx } = this.device.driver.functions;
    const result = cuModuleLoadDataEx(module, image, options.length, options, values);
    const said = Buffer.from(text).toString('utf8').replace(/\0.*$/s, '').trim();
    koffi.free(log);
    return { result, module: Number(module[0]), said };
  }
}
