import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../errors.js';
import type { CapturedGraph } from '../../tensor/capturing-backend.js';
import type { CudaDevice } from './device.js';
import type { DeviceMemory } from './device-memory.js';
import type { Handle } from './driver.js';
import { Arena } from './memory-arena.js';
import type { Block } from './memory-block.js';

const CAPTURE_MODE_RELAXED = 2;

/** Kernels being recorded as a CUDA graph, and the memory that they use. */
export class Recording {
  readonly arena: Arena;
  /** References that the step holds to the data of each tensor beside those that were there before. */
  readonly references = new Map<object, number>();

  constructor(
    readonly device: CudaDevice,
    readonly memory: DeviceMemory,
  ) {
    this.arena = new Arena(memory);
  }

  /**
   * Records what `body` launches.
   *
   * @param blockOf - the device memory of a tensor, if it has any
   * @throws CausalPilotError E_STATE when the body leaves tensors behind that it does not return; what it throws itself.
   */
  run(body: () => tf.Tensor[], blockOf: (tensor: tf.Tensor) => Block | undefined): CapturedGraph {
    try {
      const { graph, outputs } = this.#record(body);
      const own = outputs.filter((tensor) => blockOf(tensor)?.owner === this.arena);
      this.#checkLeftovers(new Set(own.map(blockOf)), own, graph);
      return this.#finish(graph, outputs, own);
    } catch (error) {
      this.arena.dispose();
      throw error;
    }
  }

  #record(body: () => tf.Tensor[]): { graph: Handle; outputs: tf.Tensor[] } {
    const { driver, stream } = this.device;
    // Constants are written beside the stream: nothing queued before may still use the memory that they get.
    this.device.synchronize();
    driver.call('cuStreamBeginCapture_v2', stream, CAPTURE_MODE_RELAXED);
    this.memory.recording = this.arena;
    const graph = new BigUint64Array(1);
    let ended = false;
    try {
      const outputs = tf.tidy(() => body().map((tensor) => tf.keep(tensor)));
      ended = true;
      driver.call('cuStreamEndCapture', stream, graph);
      return { graph: Number(graph[0]), outputs };
    } finally {
      this.memory.recording = undefined;
      this.arena.seal();
      if (!ended) driver.functions.cuStreamEndCapture(stream, graph);
      if (!ended && graph[0] !== 0n) driver.functions.cuGraphDestroy(graph[0]!);
    }
  }

  #checkLeftovers(kept: ReadonlySet<Block | undefined>, outputs: readonly tf.Tensor[], graph: Handle): void {
    const leftovers = this.arena.living.filter((block) => !kept.has(block)).length;
    if (leftovers === 0) return;
    tf.dispose([...outputs]);
    this.device.driver.call('cuGraphDestroy', graph);
    throw new CausalPilotError(
      'E_STATE',
      `CudaBackend.capture: the step leaves ${leftovers} tensors behind that it does not return; wrap it in tf.tidy`,
    );
  }

  #finish(graph: Handle, outputs: readonly tf.Tensor[], own: readonly tf.Tensor[]): CapturedGraph {
    const { driver, stream } = this.device;
    const instance = driver.obtain('cuGraphInstantiateWithFlags', graph, 0);
    driver.call('cuGraphDestroy', graph);
    let disposed = false;
    return {
      outputs,
      replay() {
        driver.call('cuGraphLaunch', instance, stream);
      },
      dispose: () => {
        if (disposed) return;
        disposed = true;
        this.device.synchronize();
        driver.call('cuGraphExecDestroy', instance);
        tf.dispose([...own]);
        this.arena.dispose();
      },
    };
  }
}
