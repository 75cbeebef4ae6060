import type { Absent, BenchmarkContext, Contender } from '../benchmark.js';
import { startClock } from '../clock.js';
import { type EncoderNumbers, type EncoderSizes, encoderNumbers } from '../encoder-numbers.js';
import { requirePeer } from './install.js';
import { OnnxGraph } from './onnx-graph.js';

/** The part of onnxruntime-node's interface that is used here. */
interface OnnxRuntime {
  InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
      release(): Promise<void>;
    }>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
}

type Layer = EncoderNumbers['layers'][number];

/** [outputs, inputs] -> [inputs, outputs]. */
function transposed({ shape, data }: { shape: number[]; data: Float32Array }): Float32Array {
  const [rows, columns] = shape as [number, number];
  const result = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c]!;
  return result;
}

/** One pre-norm layer on x [N, S, D], in standard operators. */
function addLayer(graph: OnnxGraph, x: string, layer: Layer, sizes: EncoderSizes & { length: number }): string {
  const { width, heads, length } = sizes;
  const vector = (name: Parameters<Layer['get']>[0]) => graph.float(layer.get(name)!.shape, layer.get(name)!.data);
  const norm = (input: string, index: 1 | 2) =>
    graph.node('LayerNormalization', [input, vector(`norm${index}Scale`), vector(`norm${index}Bias`)], {
      axis: { int: -1 },
      epsilon: { float: 1e-5 },
    });
  const linear = (input: string, weight: Parameters<Layer['get']>[0], bias: Parameters<Layer['get']>[0]) => {
    const stored = layer.get(weight)!;
    const matrix = graph.float([...stored.shape].reverse(), transposed(stored));
    return graph.node('Add', [graph.node('MatMul', [input, matrix]), vector(bias)]);
  };
  const part = (input: string, index: number, permutation: readonly number[]) => {
    const [start, end, axis] = [index * width, (index + 1) * width, 2].map((value) => graph.integers([value]));
    const slice = graph.node('Slice', [input, start!, end!, axis!]);
    const split = graph.node('Reshape', [slice, graph.integers([-1, length, heads, width / heads])]);
    return graph.node('Transpose', [split], { perm: { ints: permutation } });
  };
  const projected = linear(norm(x, 1), 'inProjectionWeight', 'inProjectionBias');
  const query = part(projected, 0, [0, 2, 1, 3]);
  const key = part(projected, 1, [0, 2, 3, 1]);
  const value = part(projected, 2, [0, 2, 1, 3]);
  const scale = graph.float([], Float32Array.of(1 / Math.sqrt(width / heads)));
  const scores = graph.node('Mul', [graph.node('MatMul', [query, key]), scale]);
  const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: { int: -1 } }), value]);
  const joined = graph.node('Reshape', [
    graph.node('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } }),
    graph.integers([-1, length, width]),
  ]);
  const middle = graph.node('Add', [x, linear(joined, 'outProjectionWeight', 'outProjectionBias')]);
  const hidden = graph.node('Relu', [linear(norm(middle, 2), 'feedForward1Weight', 'feedForward1Bias')]);
  return graph.node('Add', [middle, linear(hidden, 'feedForward2Weight', 'feedForward2Bias')]);
}

/** The encoder as an ONNX model on x [B, n, d, D]: layers over variables and over rows in turn. */
export function onnxEncoderModel(sizes: EncoderSizes, { layers }: EncoderNumbers): Uint8Array {
  const { batch, rows, variables, width } = sizes;
  const graph = new OnnxGraph();
  let x = 'x';
  layers.forEach((layer, index) => {
    const alongRows = index % 2 === 1;
    const length = alongRows ? rows : variables;
    const turn = (value: string) =>
      alongRows ? graph.node('Transpose', [value], { perm: { ints: [0, 2, 1, 3] } }) : value;
    const sequences = graph.node('Reshape', [turn(x), graph.integers([-1, length, width])]);
    const result = addLayer(graph, sequences, layer, { ...sizes, length });
    const shape = alongRows ? [batch, variables, rows, width] : [batch, rows, variables, width];
    x = turn(graph.node('Reshape', [result, graph.integers(shape)]));
  });
  return graph.serialize('x', x, [batch, rows, variables, width]);
}

/** onnxruntime-node on the same weights, when `--install-peers` has installed it. */
export async function onnxEncoder(sizes: EncoderSizes, { threads }: BenchmarkContext): Promise<Contender | Absent> {
  const name = 'onnxruntime-node';
  const runtime = requirePeer(name) as OnnxRuntime | undefined;
  if (runtime === undefined) return { name, absent: 'not installed; run with --install-peers' };
  const numbers = encoderNumbers(sizes);
  const session = await runtime.InferenceSession.create(onnxEncoderModel(sizes, numbers), {
    intraOpNumThreads: threads,
  });
  const { batch, rows, variables, width } = sizes;
  const x = new runtime.Tensor('float32', numbers.x, [batch, rows, variables, width]);
  const run = async () => {
    const stop = startClock();
    await session.run({ x });
    return stop();
  };
  return { name, run, dispose: () => session.release() };
}
