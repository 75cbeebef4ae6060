import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, type ErrorCode } from '../errors.js';
import { type CapturedGraph, type CapturingBackend, capturingBackend } from './capturing-backend.js';

/** Values of one input of a step, row-major; integers become an int32 tensor. */
export interface StepInput {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** A list of numbers as an input. */
export function vectorInput(values: Float32Array | Int32Array): StepInput {
  return { shape: [values.length], values };
}

/** One number that changes between steps. */
export function scalarInput(value: number): StepInput {
  return { shape: [], values: Float32Array.of(value) };
}

/** The tensors of a step's inputs; an input that was left out is undefined. */
export type StepTensors<Inputs> = {
  readonly [Name in keyof Inputs]: Inputs[Name] extends StepInput ? tf.Tensor : tf.Tensor | undefined;
};

/** What a step computes from its inputs: float32 tensors by name. */
export type StepBody<Inputs, Output extends string> = (inputs: StepTensors<Inputs>) => Record<Output, tf.Tensor>;

export interface CapturedStepOptions {
  /** Off for a body that reads tensors or draws random numbers: it runs anew every time. @defaultValue true */
  readonly capture?: boolean;
  /** Recordings kept; calls of further variants and shapes run anew every time. @defaultValue 16 */
  readonly recordings?: number;
}

/** How the outputs lie in the one tensor that is read back. */
type Layout = readonly { readonly name: string; readonly size: number }[];

interface Recording {
  readonly graph: CapturedGraph;
  readonly inputs: ReadonlyMap<string, tf.Tensor>;
  readonly layout: Layout;
}

/** Errors of a capture that the same step may not have without: a tensor was read, or there was no memory to reserve. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['E_STATE', 'E_BACKEND']);

type Inputs = Readonly<Record<string, StepInput | undefined>>;

/**
 * A computation that is repeated with new input values, such as one training step. On a backend that can capture, it runs
 * once as written (so that everything is compiled), is recorded the second time, and from then on the recording is replayed
 * on new inputs; each variant and combination of shapes has a recording of its own. On other backends it runs as written
 * every time; so do, after a notice, calls that the backend refuses to record.
 *
 * For that, a body must be a function of its input tensors, of variables that are changed in place, and of the variant; it
 * must not read a tensor, and a number that changes between steps must be an input.
 */
export class CapturedStep {
  readonly #recordings = new Map<string, Recording>();
  readonly #seen = new Set<string>();
  readonly #isCapturable: boolean;
  #limit: number;
  #backend: CapturingBackend | undefined;

  /** @param name - what the notice calls a step that cannot be captured */
  constructor(
    readonly name: string,
    { capture = true, recordings = 16 }: CapturedStepOptions = {},
  ) {
    this.#isCapturable = capture;
    this.#limit = recordings;
  }

  /** Recordings held. */
  get recordings(): number {
    return this.#recordings.size;
  }

  /**
   * Launches the step; the function that it returns waits for the device and gives the values of the outputs. It must be
   * called once, before the step is launched again.
   *
   * @param variant - names everything besides the shapes of the inputs that the body's operations depend on
   */
  start<Given extends Inputs, Output extends string>(
    variant: string,
    inputs: Given,
    body: StepBody<Given, Output>,
  ): () => Record<Output, Float32Array> {
    const backend = this.#isCapturable ? capturingBackend() : undefined;
    // Variables get other memory when they move to another backend.
    if (backend !== this.#backend) this.dispose();
    this.#backend = backend;
    const given = Object.entries(inputs).filter((entry): entry is [string, StepInput] => entry[1] !== undefined);
    if (backend === undefined) return launch(given, body);
    const key = `${variant}:${given.map(([name, { shape }]) => `${name}[${shape}]`).join()}`;
    const recording = this.#recordings.get(key) ?? this.#recordIfSeen({ key, backend, given, body });
    if (recording === undefined) return launch(given, body);
    for (const [name, { values }] of given) backend.overwrite(recording.inputs.get(name)!.dataId, values);
    recording.graph.replay();
    return () => split(recording.graph.outputs[0]!, recording.layout);
  }

  /** Launches the step and waits for its outputs. */
  run<Given extends Inputs, Output extends string>(
    variant: string,
    inputs: Given,
    body: StepBody<Given, Output>,
  ): Record<Output, Float32Array> {
    return this.start(variant, inputs, body)();
  }

  /** Frees the recordings; the step may be used again and is then recorded anew. */
  dispose(): void {
    for (const recording of this.#recordings.values()) release(recording);
    this.#recordings.clear();
    this.#seen.clear();
  }

  #recordIfSeen<Given, Output extends string>(call: {
    key: string;
    backend: CapturingBackend;
    given: readonly [string, StepInput][];
    body: StepBody<Given, Output>;
  }): Recording | undefined {
    if (this.#recordings.size >= this.#limit) return undefined;
    if (!this.#seen.has(call.key)) {
      this.#seen.add(call.key);
      return undefined;
    }
    try {
      const recording = record(call);
      this.#recordings.set(call.key, recording);
      return recording;
    } catch (error) {
      if (!(error instanceof CausalPilotError && REFUSALS.has(error.code))) throw error;
      this.#limit = this.#recordings.size;
      process.stderr.write(`The step '${this.name}' is launched kernel by kernel: ${error.message}\n`);
      return undefined;
    }
  }
}

/** Runs the body as written. */
function launch<Given, Output extends string>(
  given: readonly [string, StepInput][],
  body: StepBody<Given, Output>,
): () => Record<Output, Float32Array> {
  const tensors = upload(given);
  try {
    let layout: Layout = [];
    const result = tf.tidy(() => {
      const packed = pack(body(Object.fromEntries(tensors) as StepTensors<Given>));
      layout = packed.layout;
      return tf.keep(packed.tensor);
    });
    return () => {
      const outputs = split<Output>(result, layout);
      result.dispose();
      return outputs;
    };
  } finally {
    tf.dispose([...tensors.values()]);
  }
}

/** The inputs get memory of their own, into which later values are written. */
function record<Given, Output extends string>({
  backend,
  given,
  body,
}: {
  backend: CapturingBackend;
  given: readonly [string, StepInput][];
  body: StepBody<Given, Output>;
}): Recording {
  const inputs = upload(given.map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]));
  let layout: Layout = [];
  try {
    const graph = backend.capture(() => {
      const result = tf.tidy(() => {
        const packed = pack(body(Object.fromEntries(inputs) as StepTensors<Given>));
        layout = packed.layout;
        return packed.tensor;
      });
      return [tf.keep(result)];
    });
    return { graph, inputs, layout };
  } catch (error) {
    tf.dispose([...inputs.values()]);
    throw error;
  }
}

function release({ graph, inputs }: Recording): void {
  graph.dispose();
  tf.dispose([...inputs.values()]);
}

/** Kept through an enclosing tf.tidy; the caller disposes them. */
function upload(given: readonly (readonly [string, StepInput])[]): Map<string, tf.Tensor> {
  return new Map(given.map(([name, { shape, values }]) => [name, tf.keep(tf.tensor(values, [...shape]))]));
}

/** All outputs in one tensor, so that one transfer reads them. */
function pack(outputs: Readonly<Record<string, tf.Tensor>>): { tensor: tf.Tensor; layout: Layout } {
  const entries = Object.entries(outputs);
  const layout = entries.map(([name, { size }]) => ({ name, size }));
  return { tensor: tf.concat1d(entries.map(([, tensor]) => tf.reshape(tensor, [-1]) as tf.Tensor1D)), layout };
}

function split<Output extends string>(packed: tf.Tensor, layout: Layout): Record<Output, Float32Array> {
  const values = packed.dataSync<'float32'>();
  let start = 0;
  const outputs = layout.map(({ name, size }) => {
    start += size;
    return [name, values.slice(start - size, start)] as const;
  });
  return Object.fromEntries(outputs) as Record<Output, Float32Array>;
}
