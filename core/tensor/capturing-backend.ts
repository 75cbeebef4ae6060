import * as tf from '@tensorflow/tfjs';

/** What a backend offers that can record kernels once and run them again. */
export interface CapturingBackend {
  /**
   * Records every kernel that `body` calls, in order, without running it; `replay` runs them. The memory of the recording,
   * outputs included, stays reserved until the graph is disposed. Tensors that exist before are used in place: whoever
   * writes new values into them with `overwrite` changes what the next replay computes.
   *
   * @throws CausalPilotError E_STATE when `body` reads the values of a tensor or calls a kernel that runs on the host; the
   * message names it, and no tensor has changed.
   */
  capture(body: () => tf.Tensor[]): CapturedGraph;
  /** Writes new values into the memory of a tensor, before whatever is launched or replayed later. */
  overwrite(dataId: tf.DataId, values: Float32Array | Int32Array): void;
}

/** Kernels recorded by `CapturingBackend.capture`. */
export interface CapturedGraph {
  /** What `body` returned; their values are those of the last replay. */
  readonly outputs: readonly tf.Tensor[];
  /** Runs the recorded kernels on the present values of the tensors that they read. */
  replay(): void;
  /** Frees the recording's memory with its outputs. */
  dispose(): void;
}

/** The active backend if it can capture. */
export function capturingBackend(): CapturingBackend | undefined {
  const backend: Partial<CapturingBackend> = tf.backend() as object;
  return typeof backend.capture === 'function' ? (backend as CapturingBackend) : undefined;
}
