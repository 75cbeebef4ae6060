import type * as tf from '@tensorflow/tfjs';
import type { DataId, TensorInfo } from '@tensorflow/tfjs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { NativeFunctions } from '../device/bindings.js';
import { MemoryPool } from '../memory/memory-pool.js';

const POOL_LIMIT_BYTES = 2 ** 30;

/** What a kernel receives. */
export interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: NativeBackend;
}

/** A kernel of this backend: its tfjs name and what it does. */
export interface NativeKernel {
  readonly name: string;
  run(call: KernelCall): TensorInfo | TensorInfo[];
}

/** The stock JavaScript CPU backend, whose kernels it keeps where no native one is registered, on recycled memory. */
export class NativeBackend extends MathBackendCPU {
  readonly #pool = new MemoryPool(POOL_LIMIT_BYTES);

  constructor(readonly functions: NativeFunctions) {
    super();
    // The stock backend prints an advertisement on its first use in Node unless this flag is already down.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** A new float32 tensor whose values the caller fills. */
  output(shape: readonly number[]): { info: TensorInfo; values: Float32Array } {
    const values = this.#pool.take(shape.reduce((product, size) => product * size, 1));
    const dataId = super.write(values, [...shape], 'float32');
    return { info: { dataId, shape: [...shape], dtype: 'float32' }, values };
  }

  /** The values of a float32 tensor, to be read in place. */
  float32(info: TensorInfo): Float32Array {
    const { values } = this.data.get(info.dataId);
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }

  /** Some stock kernels hand on a view of their input; a view of recycled memory must become a copy. */
  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    return super.write(this.#unshared(values), shape, dtype);
  }

  override move(
    dataId: DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    super.move(dataId, this.#unshared(values), shape, dtype, refCount);
  }

  /** Callers may keep what they read beyond the tensor's life. */
  override readSync(dataId: DataId): tf.backend_util.BackendValues {
    return this.#unshared(super.readSync(dataId));
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const released = super.disposeData(dataId, force);
    if (released && values instanceof Float32Array) this.#pool.give(values);
    return released;
  }

  #unshared(values: tf.backend_util.BackendValues): tf.backend_util.BackendValues {
    return values instanceof Float32Array && this.#pool.owns(values) ? values.slice() : values;
  }
}
