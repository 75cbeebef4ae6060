import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { KernelCall, NativeKernel } from '../backend/native-backend.js';
import { stockKernel } from './stock.js';
import { elementCount } from './strided-axes.js';

/** Attributes of the two stock product kernels. */
export interface MatMulAttributes {
  transposeA: boolean;
  transposeB: boolean;
  activation?: string;
  leakyreluAlpha?: number;
}

/** Result shape and sizes of op(a) op(b), or undefined where the stock kernel has to report or handle the case. */
export function planProduct(a: TensorInfo, b: TensorInfo, attributes: MatMulAttributes) {
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || a.shape.length < 2 || b.shape.length < 2) return undefined;
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [batchA, batchB] = [elementCount(outerA), elementCount(outerB)];
  if (batchA !== batchB && batchA !== 1 && batchB !== 1) return undefined;
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [rows, depth] = attributes.transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [depthB, columns] = attributes.transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (depth !== depthB) return undefined;
  const shape = [...tf.backend_util.assertAndGetBroadcastShape(outerA, outerB), rows, columns];
  return { shape, batch: Math.max(batchA, batchB), batchA, batchB, rows, columns, depth };
}

/** op(a) op(b) (+ bias) (relu), or undefined when it is left to the stock kernel. */
function multiply(call: KernelCall, attributes: MatMulAttributes, relu: boolean): TensorInfo | undefined {
  const { a, b, bias } = call.inputs as { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };
  const plan = planProduct(a, b, attributes);
  if (plan === undefined) return undefined;
  const { backend } = call;
  const { info, values } = backend.output(plan.shape);
  if (values.length === 0) return info;
  backend.functions.cp_matmul(
    backend.float32(a),
    backend.float32(b),
    bias === undefined ? null : backend.float32(bias),
    values,
    plan.batch,
    plan.batchA,
    plan.batchB,
    plan.rows,
    plan.columns,
    plan.depth,
    attributes.transposeA ? 1 : 0,
    attributes.transposeB ? 1 : 0,
    relu ? 1 : 0,
  );
  return info;
}

/** Whether bias (one number per column) and activation (none or ReLU) are those that the kernels apply themselves. */
export function isSimpleFusion(inputs: KernelCall['inputs'], attributes: MatMulAttributes): boolean {
  const { b, bias } = inputs;
  const columns = b!.shape.at(attributes.transposeB ? -2 : -1);
  const simpleBias = bias === undefined || (bias.dtype === 'float32' && elementCount(bias.shape) === columns);
  const activation = attributes.activation ?? 'linear';
  return simpleBias && (activation === 'linear' || activation === 'relu');
}

const batchMatMul: NativeKernel = {
  name: tf.BatchMatMul,
  run(call) {
    const attributes = call.attrs as unknown as MatMulAttributes;
    return multiply(call, attributes, false) ?? stockKernel(tf.BatchMatMul)(call);
  },
};

const fusedMatMul: NativeKernel = {
  name: tf._FusedMatMul,
  run(call) {
    const attributes = call.attrs as unknown as MatMulAttributes;
    if (!isSimpleFusion(call.inputs, attributes)) return stockKernel(tf._FusedMatMul)(call);
    const relu = attributes.activation === 'relu';
    return multiply(call, attributes, relu) ?? stockKernel(tf._FusedMatMul)(call);
  },
};

export const matmulKernels: readonly NativeKernel[] = [batchMatMul, fusedMatMul];
