import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { CausalPilotError } from '../../errors.js';
import type { CudaKernelCall } from './cuda-kernel.js';
import type { HostValues } from './tensor-data.js';

/** Stock CPU kernels for what has no device form: inputs are downloaded, outputs stay on the host until they are needed. */
export class HostFallback {
  readonly #host = new MathBackendCPU();
  readonly #counts = new Map<string, number>();

  constructor() {
    // The stock backend prints an advertisement on its first use in Node unless this flag is already down.
    (this.#host as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** How often each kernel ran on the host, since the start or the last `resetCounts`. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  resetCounts(): void {
    this.#counts.clear();
  }

  /** @throws CausalPilotError E_STATE while kernels are recorded, unless all inputs are constants of the recording. */
  run(name: string, call: CudaKernelCall): TensorInfo | TensorInfo[] {
    this.#checkRecording(name, call);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const inputs = mapInputs(call.inputs, (info) => this.#borrow(info, call));
    const before = new Set<TensorInfo | undefined>(Object.values(inputs));
    const kernel = tf.getKernel(name, 'cpu');
    const result = kernel.kernelFunc({ inputs, attrs: call.attrs as tf.NamedAttrMap, backend: this.#host });
    const outputs = (Array.isArray(result) ? result : [result]).map((info) => this.#handOver(info, call));
    for (const info of Array.isArray(result) ? result : [result]) this.#host.disposeIntermediateTensorInfo(info);
    for (const info of before) if (info !== undefined) this.#host.disposeData(info.dataId, true);
    return Array.isArray(result) ? outputs : outputs[0]!;
  }

  #checkRecording(name: string, { inputs, backend }: CudaKernelCall): void {
    if (backend.recording === undefined) return;
    if (Object.values(inputs).every((info) => info == null || backend.isHostConstant(info))) return;
    throw new CausalPilotError(
      'E_STATE',
      `CudaBackend.capture: kernel '${name}' has no device form and cannot be recorded; compute it before the step and pass the result in`,
    );
  }

  /** The same tensor on the CPU backend. */
  #borrow(info: TensorInfo, { backend }: CudaKernelCall): TensorInfo {
    const values = backend.valuesOnHost(info) ?? backend.readSync(info.dataId);
    if (info.dtype !== 'complex64') return this.#host.makeTensorInfo(info.shape, info.dtype, values);
    const { real, imag } = values as unknown as ComplexValues;
    const part = (numbers: Float32Array) => this.#host.makeTensorInfo(info.shape, 'float32', numbers);
    const complex = this.#host.makeTensorInfo(info.shape, 'complex64');
    this.#host.data.get(complex.dataId).complexTensorInfos = { real: part(real), imag: part(imag) };
    return complex;
  }

  /** A tensor of our backend with the values of one of the CPU backend. */
  #handOver({ dataId, shape, dtype }: TensorInfo, { backend }: CudaKernelCall): TensorInfo {
    const { values, complexTensorInfos } = this.#host.data.get(dataId);
    if (complexTensorInfos === undefined) return backend.makeTensorInfo(shape, dtype, values as HostValues);
    const part = (info: TensorInfo) => this.#host.data.get(info.dataId).values as Float32Array;
    const { real, imag } = complexTensorInfos;
    const both: ComplexValues = { real: part(real), imag: part(imag) };
    return backend.makeTensorInfo(shape, dtype, both as unknown as HostValues);
  }
}

/** How our backend holds complex numbers, which are never on the device. */
interface ComplexValues {
  readonly real: Float32Array;
  readonly imag: Float32Array;
}

/** The inputs of a few kernels (Concat, Pack) are a list. */
function mapInputs(inputs: CudaKernelCall['inputs'], map: (info: TensorInfo) => TensorInfo): tf.NamedTensorInfoMap {
  if (Array.isArray(inputs)) return inputs.map(map) as unknown as tf.NamedTensorInfoMap;
  const given = Object.entries(inputs).filter((entry): entry is [string, TensorInfo] => entry[1] != null);
  return Object.fromEntries(given.map(([name, info]) => [name, map(info)]));
}
