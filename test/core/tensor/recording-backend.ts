import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../../core/errors.js';
import { NativeBackend } from '../../../core/native/backend/native-backend.js';
import { loadFunctions } from '../../../core/native/device/bindings.js';
import { registerNativeBackend } from '../../../core/native/register.js';
import type { CapturedGraph, CapturingBackend } from '../../../core/tensor/capturing-backend.js';
import { FUSED_KERNELS } from '../../../core/tensor/kernels.js';

const NAME = 'recording';
/** They change their inputs, so they must not run while they are recorded. */
const IN_PLACE: ReadonlySet<string> = new Set([
  FUSED_KERNELS.adamStep,
  FUSED_KERNELS.lambStep,
  FUSED_KERNELS.polyakStep,
]);

type TypedArray = Float32Array | Int32Array | Uint8Array;

interface Recording {
  readonly launches: (() => void)[];
  /** Memory that the recording holds although its tensors are gone. */
  readonly reserved: tf.DataId[];
}

/** The native backend as one that captures, to test recorded steps without a device. */
export class RecordingBackend extends NativeBackend implements CapturingBackend {
  /** Kernels that replays have run. */
  launched = 0;
  #recording: Recording | undefined;

  capture(body: () => tf.Tensor[]): CapturedGraph {
    const recording: Recording = { launches: [], reserved: [] };
    this.#recording = recording;
    const release = () => {
      for (const dataId of recording.reserved) super.disposeData(dataId, true);
    };
    try {
      const outputs = body();
      for (const output of outputs) (this.data.get(output.dataId).values as TypedArray).fill(Number.NaN);
      return {
        outputs,
        replay: () => {
          for (const launch of recording.launches) launch();
          this.launched += recording.launches.length;
        },
        dispose: () => {
          tf.dispose(outputs);
          release();
        },
      };
    } catch (error) {
      release();
      throw error;
    } finally {
      this.#recording = undefined;
    }
  }

  overwrite(dataId: tf.DataId, values: Float32Array | Int32Array): void {
    (this.data.get(dataId).values as TypedArray).set(values);
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    if (this.#recording !== undefined)
      throw new CausalPilotError('E_STATE', 'a tensor was read while its step was recorded');
    return super.readSync(dataId);
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (this.#recording === undefined) return super.disposeData(dataId, force);
    const data = this.data.get(dataId);
    if (!force && data.refCount > 1) {
      data.refCount--;
      return false;
    }
    // The last reference becomes the recording's.
    data.refCount = 1;
    this.#recording.reserved.push(dataId);
    return true;
  }

  /** Runs a kernel, and notes it down if a recording is under way. */
  launch(config: tf.KernelConfig, call: Parameters<tf.KernelFunc>[0]): TensorInfo | TensorInfo[] {
    const recording = this.#recording;
    if (recording === undefined) return config.kernelFunc(call);
    if (IN_PLACE.has(config.kernelName)) {
      recording.launches.push(() => config.kernelFunc(call));
      return [];
    }
    const result = config.kernelFunc(call);
    const outputs = [result].flat();
    const made = outputs.map(({ dataId }) => !Object.values(call.inputs).some((input) => input?.dataId === dataId));
    recording.launches.push(() => {
      [config.kernelFunc(call)].flat().forEach(({ dataId }, i) => {
        if (made[i])
          (this.data.get(outputs[i]!.dataId).values as TypedArray).set(this.data.get(dataId).values as TypedArray);
        super.disposeData(dataId);
      });
    });
    return result;
  }
}

/** Registers the backend and makes it the active one. */
export async function useRecordingBackend(): Promise<RecordingBackend> {
  await registerNativeBackend(2);
  const functions = await loadFunctions();
  if (tf.findBackendFactory(NAME) == null) {
    tf.registerBackend(NAME, () => new RecordingBackend(functions), 0);
    for (const config of tf.getKernelsForBackend('native'))
      tf.registerKernel({
        ...config,
        backendName: NAME,
        kernelFunc: (call) => (call.backend as RecordingBackend).launch(config, call),
      });
  }
  await tf.setBackend(NAME);
  return tf.backend() as unknown as RecordingBackend;
}
