import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { broadcastAxes, elementCount } from '../../native/ops/strided-axes.js';
import { type CudaKernel, type CudaKernelCall, onHost } from '../backend/cuda-kernel.js';
import type { DeviceDataType } from '../memory/tensor-data.js';
import { layoutStruct, MAX_RANK } from './layout.js';

// tfjs' names of the operations of elementwise.cu, in the order of its enumerations. What is not listed runs on the host.
const UNARY = [
  'Exp',
  'Log',
  'Tanh',
  'Sigmoid',
  'Softplus',
  'Log1p',
  'Relu',
  'Sqrt',
  'Rsqrt',
  'Square',
  'Neg',
  'Abs',
  'Reciprocal',
  tf.ClipByValue,
  tf.Step,
  tf.Erf,
];
const BINARY = ['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference', 'Pow'];
const COMPARISONS = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'];
const LOGICAL = ['LogicalAnd', 'LogicalOr'];
/** Operations of `UNARY` that take numbers besides their operand. */
const CLIP = UNARY.indexOf(tf.ClipByValue);
const STEP = UNARY.indexOf(tf.Step);

function mapUnary({ backend }: CudaKernelCall, x: TensorInfo, code: readonly [number, number, number]): TensorInfo {
  const [operation, first, second] = code;
  const from = backend.address(x);
  const { info, address } = backend.output(x.shape);
  const size = elementCount(x.shape);
  backend.launcher.launchEach('unary', size, [operation, from, address, size, first, second]);
  return info;
}

function unary(name: string, operation: number): CudaKernel {
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      return x.dtype === 'float32' ? mapUnary(call, x, [operation, 0, 0]) : onHost(name, call);
    },
  };
}

const clip: CudaKernel = {
  name: tf.ClipByValue,
  run(call) {
    const x = call.inputs.x!;
    const { clipValueMin, clipValueMax } = call.attrs as { clipValueMin: number; clipValueMax: number };
    return x.dtype === 'float32' ? mapUnary(call, x, [CLIP, clipValueMin, clipValueMax]) : onHost(tf.ClipByValue, call);
  },
};

const step: CudaKernel = {
  name: tf.Step,
  run(call) {
    const x = call.inputs.x!;
    const { alpha } = call.attrs as { alpha: number };
    return x.dtype === 'float32' ? mapUnary(call, x, [STEP, alpha, 0]) : onHost(tf.Step, call);
  },
};

/** What a kernel on two tensors that are repeated to fit is called, and the type of its result. */
interface PairKernel {
  readonly kernel: string;
  readonly operation: number;
  readonly result: DeviceDataType;
}

/** Undefined where the axes are too many. */
function mapPair({ inputs, backend }: CudaKernelCall, { kernel, operation, result }: PairKernel) {
  const { a, b } = inputs as Record<'a' | 'b', TensorInfo>;
  const { shape, axes } = broadcastAxes(a.shape, b.shape);
  if (axes.length > MAX_RANK) return undefined;
  const [left, right] = [backend.address(a), backend.address(b)];
  const { info, address } = backend.output(shape, result);
  const size = elementCount(shape);
  backend.launcher.launchEach(kernel, size, [operation, left, right, address, size, layoutStruct(axes)]);
  return info;
}

/** A kernel for pairs of the given type; the stock one takes the others. */
function pair(name: string, operation: number, kernels: Partial<Record<tf.DataType, string>>, result: DeviceDataType) {
  return {
    name,
    run(call: CudaKernelCall) {
      const { a, b } = call.inputs as Record<'a' | 'b', TensorInfo>;
      const kernel = a.dtype === b.dtype ? kernels[a.dtype] : undefined;
      const mapped = kernel === undefined ? undefined : mapPair(call, { kernel, operation, result });
      return mapped ?? onHost(name, call);
    },
  } satisfies CudaKernel;
}

const select: CudaKernel = {
  name: tf.Select,
  run(call) {
    const { condition, t, e } = call.inputs as Record<'condition' | 't' | 'e', TensorInfo>;
    const even = tf.util.arraysEqual(condition.shape, t.shape) && tf.util.arraysEqual(t.shape, e.shape);
    if (!even || condition.dtype !== 'bool' || t.dtype !== 'float32' || e.dtype !== 'float32') {
      return onHost(tf.Select, call);
    }
    const { backend } = call;
    const operands = [backend.address(condition), backend.address(t), backend.address(e)];
    const { info, address } = backend.output(t.shape);
    const size = elementCount(t.shape);
    backend.launcher.launchEach('select_values', size, [...operands, address, size]);
    return info;
  },
};

const logicalNot: CudaKernel = {
  name: tf.LogicalNot,
  run(call) {
    const x = call.inputs.x!;
    if (x.dtype !== 'bool') return onHost(tf.LogicalNot, call);
    const from = call.backend.address(x);
    const { info, address } = call.backend.output(x.shape, 'bool');
    call.backend.launcher.launchEach('logical_not', elementCount(x.shape), [from, address, elementCount(x.shape)]);
    return info;
  },
};

const FLOATS = { float32: 'binary' } as const;
const NUMBERS = { float32: 'compare_floats', int32: 'compare_ints' } as const;

export const elementwiseKernels: readonly CudaKernel[] = [
  ...UNARY.map(unary).filter(({ name }) => name !== clip.name && name !== step.name),
  ...BINARY.map((name, operation) => pair(name, operation, FLOATS, 'float32')),
  ...COMPARISONS.map((name, operation) => pair(name, operation, NUMBERS, 'bool')),
  ...LOGICAL.map((name, operation) => pair(name, operation, { bool: 'logical' }, 'bool')),
  logicalNot,
  clip,
  step,
  select,
];
