import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../errors.js';
import { elementCount } from '../../native/ops/strided-axes.js';
import type { CapturedGraph } from '../../tensor/capturing-backend.js';
import type { CudaDevice } from '../device/device.js';
import type { Handle } from '../device/driver.js';
import { KernelLauncher } from '../device/kernel-launcher.js';
import type { KernelModules } from '../device/modules.js';
import type { Precision } from '../device/precision.js';
import { DeviceMemory } from '../memory/device-memory.js';
import type { Block } from '../memory/memory-block.js';
import { Staging } from '../memory/staging.js';
import {
  bytesOf,
  type DeviceDataType,
  fromDeviceBytes,
  type HostValues,
  isDeviceType,
  toDeviceArray,
} from '../memory/tensor-data.js';
import { HostFallback } from './host-fallback.js';
import { Recording, type TensorPlaces } from './recording.js';

/** One tensor's data: on the device, or still on the host until a kernel asks for it. */
interface TensorData {
  readonly dtype: DataType;
  readonly size: number;
  refCount: number;
  block: Block | undefined;
  host: HostValues | undefined;
  /** The recording that was under way when it was made; if on the host, it is a constant of that recording. */
  readonly madeIn: Recording | undefined;
}

/**
 * tfjs backend whose tensors live in the memory of a CUDA device. Kernels are queued on one stream and run in order; only
 * reading values waits for them. Values written from the host stay there until a kernel needs them on the device.
 */
export class CudaBackend extends tf.KernelBackend {
  readonly memoryPool: DeviceMemory;
  readonly launcher: KernelLauncher;
  readonly fallback = new HostFallback(this);
  readonly #data: tf.DataStorage<TensorData>;
  readonly #staging: Staging;
  readonly #places: TensorPlaces = {
    blockOf: ({ dataId }) => this.#data.get(dataId).block,
    move: ({ dataId }, block) => {
      this.#data.get(dataId).block = block;
    },
  };
  #recording: Recording | undefined;

  constructor(
    readonly device: CudaDevice,
    modules: KernelModules,
    public precision: Precision,
  ) {
    super();
    this.memoryPool = new DeviceMemory(device);
    this.launcher = new KernelLauncher(device, modules);
    this.#staging = new Staging(device);
    this.#data = new tf.DataStorage(this, tf.engine());
  }

  override write(values: HostValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: HostValues, shape: number[], dtype: DataType, refCount: number): void {
    const madeIn = this.#recording;
    this.#data.set(dataId, { dtype, size: elementCount(shape), refCount, block: undefined, host: values, madeIn });
  }

  /** A new tensor on the device whose values a kernel is to fill, and its address (0 without elements). */
  output(shape: readonly number[], dtype: DeviceDataType = 'float32'): { info: TensorInfo; address: Handle } {
    const size = elementCount(shape);
    const block = size === 0 ? undefined : this.memoryPool.take(bytesOf(dtype, size));
    const dataId = {};
    const host = block === undefined ? tf.util.makeZerosTypedArray(0, dtype) : undefined;
    this.#data.set(dataId, { dtype, size, refCount: 1, block, host, madeIn: this.#recording });
    return { info: { dataId, shape: [...shape], dtype }, address: block?.address ?? 0 };
  }

  /** A tensor of values from the host. */
  makeTensorInfo(shape: readonly number[], dtype: DataType, values: HostValues): TensorInfo {
    return { dataId: this.write(values, [...shape], dtype), shape: [...shape], dtype };
  }

  /** Where a tensor lies on the device; its values are sent there first if they are still on the host. */
  address(info: TensorInfo): Handle {
    const data = this.#data.get(info.dataId);
    if (data.size === 0) return 0;
    data.block ??= this.#upload(data);
    this.#recording?.arena.pin(data.block);
    return data.block.address;
  }

  /** Memory for the duration of one kernel call; the caller gives it back with `release`. */
  workspace(bytes: number): Block {
    return this.memoryPool.take(bytes);
  }

  release(block: Block): void {
    this.memoryPool.give(block);
  }

  /** A small array as kernels read it, to be released after the launch. */
  constants(values: Float32Array | Int32Array | BigInt64Array): Block {
    const block = this.memoryPool.takeConstant(values.byteLength);
    this.#send(values, block);
    return block;
  }

  /** Whether the host may compute from a tensor now: while kernels are recorded, only from constants of the recording. */
  isReadable(info: TensorInfo): boolean {
    if (this.#recording === undefined) return true;
    const { host, madeIn } = this.#data.get(info.dataId);
    return host !== undefined && madeIn === this.#recording;
  }

  /**
   * Writes new values into a tensor's memory, in order with the kernels that use it.
   *
   * @throws CausalPilotError E_STATE while kernels are recorded.
   */
  overwrite(dataId: DataId, values: HostValues): void {
    if (this.#recording !== undefined) {
      const remedy = 'write them before the step, or compute them in it';
      throw new CausalPilotError('E_STATE', `CudaBackend.overwrite: new values cannot be recorded; ${remedy}`);
    }
    const data = this.#data.get(dataId);
    const array = toDeviceArray(deviceType(data.dtype), values);
    if (data.block === undefined) data.host = array.slice();
    else this.#staging.upload(array, data.block.address);
  }

  /**
   * Records the kernels of `body` without running them; `replay` of the result does, on whatever its inputs hold then. The
   * outputs have values after the first replay. Everything that `body` reads must have been made before or within it, and
   * variables may only be changed in place, by fused kernels.
   *
   * @throws CausalPilotError E_STATE when the body reads values, runs a kernel that has no device form, assigns to a variable
   *   or leaves a tensor behind that it does not return.
   */
  capture(body: () => tf.Tensor[]): CapturedGraph {
    if (this.#recording !== undefined) {
      throw new CausalPilotError('E_STATE', 'CudaBackend.capture: a recording is under way; finish it first');
    }
    const recording = new Recording(this.device, this.memoryPool, this.#places);
    this.#recording = recording;
    try {
      return recording.run(body);
    } finally {
      this.#recording = undefined;
    }
  }

  override readSync(dataId: DataId): HostValues {
    const data = this.#data.get(dataId);
    if (data.host !== undefined) return readHost(data.host, data.dtype);
    this.#refuseReading();
    const bytes = new Uint8Array(bytesOf(deviceType(data.dtype), data.size));
    const { driver, stream } = this.device;
    driver.call('cuMemcpyDtoHAsync_v2', bytes, data.block!.address, bytes.length, stream);
    this.device.synchronize();
    return fromDeviceBytes(deviceType(data.dtype), bytes);
  }

  override async read(dataId: DataId): Promise<HostValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.#data.has(dataId)) return true;
    const data = this.#data.get(dataId);
    this.#checkDisposal(data);
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    if (data.block !== undefined) this.memoryPool.give(data.block);
    this.#data.delete(dataId);
    return true;
  }

  disposeIntermediateTensorInfo({ dataId }: TensorInfo): void {
    this.disposeData(dataId);
  }

  override refCount(dataId: DataId): number {
    return this.#data.has(dataId) ? this.#data.get(dataId).refCount : 0;
  }

  override incRef(dataId: DataId): void {
    const data = this.#data.get(dataId);
    data.refCount++;
    const references = this.#recording?.references;
    references?.set(data, (references.get(data) ?? 0) + 1);
  }

  override numDataIds(): number {
    return this.#data.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(body: () => void): Promise<{ kernelMs: number }> {
    this.device.synchronize();
    const start = performance.now();
    body();
    this.device.synchronize();
    return { kernelMs: performance.now() - start };
  }

  override dispose(): void {
    this.memoryPool.trim();
  }

  /** The values of a tensor that are still on the host, or undefined; not to be changed. */
  valuesOnHost(info: TensorInfo): HostValues | undefined {
    return this.#data.get(info.dataId).host;
  }

  #upload(data: TensorData): Block {
    const values = toDeviceArray(deviceType(data.dtype), data.host!);
    const isConstant = this.#recording !== undefined && data.madeIn === this.#recording;
    const pool = this.memoryPool;
    const block = isConstant ? pool.takeConstant(values.byteLength) : pool.takeOutside(values.byteLength);
    this.#send(values, block);
    if (!isConstant) data.host = undefined;
    return block;
  }

  /** Sends values to a fresh block; during a recording at once and beside it, since replays must not repeat it. */
  #send(values: ArrayBufferView, block: Block): void {
    if (this.#recording === undefined) {
      this.#staging.upload(values, block.address);
      return;
    }
    const { driver, sideStream } = this.device;
    driver.call('cuMemcpyHtoDAsync_v2', block.address, values, values.byteLength, sideStream);
    driver.call('cuStreamSynchronize', sideStream);
  }

  /** A step gives up only what it made: refused before a variable is left with values that are not computed yet. */
  #checkDisposal(data: TensorData): void {
    const recording = this.#recording;
    if (recording === undefined || data.madeIn === recording) return;
    const references = recording.references.get(data) ?? 0;
    if (references === 0) {
      throw new CausalPilotError(
        'E_STATE',
        'CudaBackend.capture: the step disposes a tensor from outside or assigns to a variable; change variables by fused kernels',
      );
    }
    recording.references.set(data, references - 1);
  }

  #refuseReading(): void {
    if (this.#recording === undefined) return;
    throw new CausalPilotError(
      'E_STATE',
      'CudaBackend.capture: the step reads the values of a tensor, which do not exist while it is recorded; return the tensor and read it after the replay',
    );
  }
}

/** Callers may change what they read; constants keep their values. */
function readHost(values: HostValues, dtype: DataType): HostValues {
  if (dtype === 'complex64') {
    const { real, imag } = values as unknown as { real: Float32Array; imag: Float32Array };
    return tf.backend_util.mergeRealAndImagArrays(real, imag);
  }
  return values;
}

/** @throws CausalPilotError E_BACKEND for a type that the device does not have. */
function deviceType(dtype: DataType): DeviceDataType {
  if (isDeviceType(dtype)) return dtype;
  throw new CausalPilotError(
    'E_BACKEND',
    `backend 'cuda': a tensor of type ${dtype} cannot be on the device; convert it to float32 or int32`,
  );
}
