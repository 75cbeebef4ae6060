import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { KernelCall, NativeKernel } from '../backend/native-backend.js';
import { stockKernel } from './stock.js';
import { broadcastAxes, elementCount } from './strided-axes.js';

/** Operation numbers of cp_unary. */
const UNARY: Readonly<Record<string, number>> = {
  Exp: 0,
  Log: 1,
  Tanh: 2,
  Sigmoid: 3,
  Softplus: 4,
  Log1p: 5,
  Relu: 6,
  Sqrt: 7,
  Rsqrt: 8,
  Square: 9,
  Neg: 10,
  Abs: 11,
  Reciprocal: 12,
};
const CLIP = 13;
const STEP = 14;

/** Operation numbers of cp_binary. */
const BINARY: Readonly<Record<string, number>> = {
  Add: 0,
  Sub: 1,
  Multiply: 2,
  RealDiv: 3,
  Maximum: 4,
  Minimum: 5,
  SquaredDifference: 6,
};

/** Operation numbers of cp_compare. */
const COMPARISONS: Readonly<Record<string, number>> = {
  Greater: 0,
  GreaterEqual: 1,
  Less: 2,
  LessEqual: 3,
  Equal: 4,
  NotEqual: 5,
};

const MAX_RANK = 8;

/** Result shape of a broadcast operation, and how C walks its operands: sizes, strides of a, strides of b. */
interface BroadcastPlan {
  shape: number[];
  rank: number;
  layout: Int32Array;
}

function planBroadcast(a: readonly number[], b: readonly number[]): BroadcastPlan {
  const { shape, axes } = broadcastAxes(a, b);
  const layout = Int32Array.from([0, 1, 2].flatMap((part) => axes.map((axis) => axis[part]!)));
  return { shape, rank: axes.length, layout };
}

const isFloat = (info: TensorInfo): boolean => info.dtype === 'float32';

function unary(name: string, operation: number): NativeKernel {
  const stock = stockKernel(name);
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      if (!isFloat(x)) return stock(call);
      return mapUnary(call, x, [operation, 0, 0]);
    },
  };
}

function mapUnary({ backend }: KernelCall, x: TensorInfo, code: readonly [number, number, number]): TensorInfo {
  const { info, values } = backend.output(x.shape);
  if (values.length > 0) {
    backend.functions.cp_unary(code[0], backend.float32(x), values, values.length, code[1], code[2]);
  }
  return info;
}

/** Both operands and how they are walked together; undefined where the kernels do not take them. */
function pairedOperands({ backend, inputs }: KernelCall) {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  if (!isFloat(a) || !isFloat(b)) return undefined;
  const plan = planBroadcast(a.shape, b.shape);
  if (plan.rank > MAX_RANK) return undefined;
  return { plan, left: backend.float32(a), right: backend.float32(b) };
}

function binary(name: string, operation: number): NativeKernel {
  const stock = stockKernel(name);
  return {
    name,
    run(call) {
      const operands = pairedOperands(call);
      if (operands === undefined) return stock(call);
      const { plan, left, right } = operands;
      const { info, values } = call.backend.output(plan.shape);
      if (values.length > 0) call.backend.functions.cp_binary(operation, left, right, values, plan.rank, plan.layout);
      return info;
    },
  };
}

function comparison(name: string, operation: number): NativeKernel {
  const stock = stockKernel(name);
  return {
    name,
    run(call) {
      const operands = pairedOperands(call);
      if (operands === undefined) return stock(call);
      const { plan, left, right } = operands;
      const values = new Uint8Array(elementCount(plan.shape));
      if (values.length > 0) call.backend.functions.cp_compare(operation, left, right, values, plan.rank, plan.layout);
      return call.backend.makeTensorInfo(plan.shape, 'bool', values);
    },
  };
}

const clip: NativeKernel = {
  name: tf.ClipByValue,
  run(call) {
    const x = call.inputs.x!;
    if (!isFloat(x)) return stockKernel(tf.ClipByValue)(call);
    const { clipValueMin, clipValueMax } = call.attrs as { clipValueMin: number; clipValueMax: number };
    return mapUnary(call, x, [CLIP, clipValueMin, clipValueMax]);
  },
};

const step: NativeKernel = {
  name: tf.Step,
  run(call) {
    const x = call.inputs.x!;
    if (!isFloat(x)) return stockKernel(tf.Step)(call);
    return mapUnary(call, x, [STEP, (call.attrs as { alpha: number }).alpha, 0]);
  },
};

const select: NativeKernel = {
  name: tf.Select,
  run(call) {
    const { condition, t, e } = call.inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo };
    const mask = call.backend.data.get(condition.dataId).values;
    const even = tf.util.arraysEqual(condition.shape, t.shape);
    if (!isFloat(t) || !isFloat(e) || !even || !(mask instanceof Uint8Array)) return stockKernel(tf.Select)(call);
    const { info, values } = call.backend.output(t.shape);
    const [yes, no] = [call.backend.float32(t), call.backend.float32(e)];
    if (values.length > 0) call.backend.functions.cp_select(mask, yes, no, values, values.length);
    return info;
  },
};

export const elementwiseKernels: readonly NativeKernel[] = [
  ...Object.entries(UNARY).map(([name, operation]) => unary(name, operation)),
  ...Object.entries(BINARY).map(([name, operation]) => binary(name, operation)),
  ...Object.entries(COMPARISONS).map(([name, operation]) => comparison(name, operation)),
  clip,
  step,
  select,
];
