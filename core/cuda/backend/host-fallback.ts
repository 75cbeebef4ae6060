import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { CausalPilotError } from '../../errors.js';
import type { HostValues } from '../memory/tensor-data.js';

type Inputs = Readonly<Record<string, TensorInfo>>;

/** What fallback kernels need of the backend whose tensors they work on. */
export interface TensorAccess {
  /** Whether the values may be read now. */
  isReadable(info: TensorInfo): boolean;
  valuesOnHost(info: TensorInfo): HostValues | undefined;
  readSync(dataId: tf.DataId): HostValues;
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType, values: HostValues): TensorInfo;
}

/** Stock CPU kernels for what has no device form: inputs are downloaded, outputs stay on the host until they are needed. */
export class HostFallback {
  readonly #host = new MathBackendCPU();
  readonly #counts = new Map<string, number>();

  constructor(readonly tensors: TensorAccess) {
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
  run(name: string, inputs: Inputs, attrs: Readonly<Record<string, unknown>>): TensorInfo | TensorInfo[] {
    this.#checkReadable(name, inputs);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const borrowed = mapInputs(inputs, (info) => this.#borrow(info));
    const lent = new Set<TensorInfo | undefined>(Object.values(borrowed));
    const kernel = tf.getKernel(name, 'cpu');
    const result = kernel.kernelFunc({ inputs: borrowed, attrs: attrs as tf.NamedAttrMap, backend: this.#host });
    const results = Array.isArray(result) ? result : [result];
    const outputs = results.map((info) => this.#handOver(info));
    for (const info of results) this.#host.disposeIntermediateTensorInfo(info);
    for (const info of lent) if (info !== undefined) this.#host.disposeData(info.dataId, true);
    return Array.isArray(result) ? outputs : outputs[0]!;
  }

  #checkReadable(name: string, inputs: Inputs): void {
    if (Object.values(inputs).every((info) => info == null || this.tensors.isReadable(info))) return;
    throw new CausalPilotError(
      'E_STATE',
      `CudaBackend.capture: kernel '${name}' has no device form and cannot be recorded; compute it before the step and pass the result in`,
    );
  }

  /** The same tensor on the CPU backend. */
  #borrow(info: TensorInfo): TensorInfo {
    const values = this.tensors.valuesOnHost(info) ?? this.tensors.readSync(info.dataId);
    if (info.dtype !== 'complex64') return this.#host.makeTensorInfo(info.shape, info.dtype, values);
    const { real, imag } = values as unknown as ComplexValues;
    const part = (numbers: Float32Array) => this.#host.makeTensorInfo(info.shape, 'float32', numbers);
    const complex = this.#host.makeTensorInfo(info.shape, 'complex64');
    this.#host.data.get(complex.dataId).complexTensorInfos = { real: part(real), imag: part(imag) };
    return complex;
  }

  /** A tensor of our backend with the values of one of the CPU backend. */
  #handOver({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    const { values, complexTensorInfos } = this.#host.data.get(dataId);
    if (complexTensorInfos === undefined) return this.tensors.makeTensorInfo(shape, dtype, values as HostValues);
    const part = (info: TensorInfo) => this.#host.data.get(info.dataId).values as Float32Array;
    const { real, imag } = complexTensorInfos;
    const both: ComplexValues = { real: part(real), imag: part(imag) };
    return this.tensors.makeTensorInfo(shape, dtype, both as unknown as HostValues);
  }
}

/** How our backend holds complex numbers, which are never on the device. */
interface ComplexValues {
  readonly real: Float32Array;
  readonly imag: Float32Array;
}

/** The inputs of a few kernels (Concat, Pack) are a list. */
function mapInputs(inputs: Inputs, map: (info: TensorInfo) => TensorInfo): tf.NamedTensorInfoMap {
  if (Array.isArray(inputs)) return inputs.map(map) as unknown as tf.NamedTensorInfoMap;
  const given = Object.entries(inputs).filter((entry): entry is [string, TensorInfo] => entry[1] != null);
  return Object.fromEntries(given.map(([name, info]) => [name, map(info)]));
}
