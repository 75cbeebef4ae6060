import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../errors.js';
import type { CapturedGraph } from '../../tensor/capturing-backend.js';
import type { CudaDevice } from '../device/device.js';
import type { Handle } from '../device/driver.js';
import type { DeviceMemory } from '../memory/device-memory.js';
import { Arena } from '../memory/memory-arena.js';
import type { Block } from '../memory/memory-block.js';

const CAPTURE_MODE_RELAXED = 2;

/** Where the recorded tensors lie. */
export interface TensorPlaces {
  /** The device memory of a tensor, if it has any. */
  blockOf(tensor: tf.Tensor): Block | undefined;
  /** Says that a tensor's values are elsewhere from now on. */
  move(tensor: tf.Tensor, to: Block): void;
}

/** Kernels being recorded as a CUDA graph, and the memory that they use. */
export class Recording {
  readonly arena: Arena;
  /** References that the step holds to the data of each tensor beside those that were there before. */
  readonly references = new Map<object, number>();

  constructor(
    readonly device: CudaDevice,
    readonly memory: DeviceMemory,
    readonly places: TensorPlaces,
  ) {
    this.arena = new Arena(memory, memory.recordingPool);
  }

  /**
   * Records what `body` launches.
   *
   * @throws CausalPilotError E_STATE when the body leaves tensors behind that it does not return; what it throws itself.
   */
  run(body: () => tf.Tensor[]): CapturedGraph {
    try {
      const { graph, outputs, leftovers } = this.#record(body);
      const own = outputs.filter((tensor) => this.places.blockOf(tensor)?.owner === this.arena);
      if (leftovers > 0) this.#refuseLeftovers(leftovers, own, graph);
      return this.#finish(graph, outputs, own);
    } catch (error) {
      this.arena.dispose();
      throw error;
    }
  }

  #record(body: () => tf.Tensor[]): { graph: Handle; outputs: tf.Tensor[]; leftovers: number } {
    const { driver, stream } = this.device;
    // Constants are written beside the stream: nothing queued before may still use the memory that they get.
    this.device.synchronize();
    driver.call('cuStreamBeginCapture_v2', stream, CAPTURE_MODE_RELAXED);
    this.memory.recording = this.arena;
    const graph = new BigUint64Array(1);
    let ended = false;
    try {
      const outputs = tf.tidy(() => body().map((tensor) => tf.keep(tensor)));
      for (const output of outputs) this.#separate(output);
      const leftovers = this.arena.living;
      ended = true;
      driver.call('cuStreamEndCapture', stream, graph);
      return { graph: Number(graph[0]), outputs, leftovers };
    } finally {
      this.memory.recording = undefined;
      this.arena.seal();
      if (!ended) driver.functions.cuStreamEndCapture(stream, graph);
      if (!ended && graph[0] !== 0n) driver.functions.cuGraphDestroy(graph[0]!);
    }
  }

  /** Copies an output out of the memory that it shares with other recordings. */
  #separate(output: tf.Tensor): void {
    const block = this.places.blockOf(output);
    if (block === undefined || block.owner !== this.arena || this.arena.owns(block)) return;
    const own = this.memory.takeOutside(block.bytes);
    this.arena.adoptAsOwn(own);
    const { driver, stream } = this.device;
    driver.call('cuMemcpyDtoDAsync_v2', own.address, block.address, block.bytes, stream);
    this.places.move(output, own);
    this.arena.give(block);
  }

  #refuseLeftovers(leftovers: number, outputs: readonly tf.Tensor[], graph: Handle): never {
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
