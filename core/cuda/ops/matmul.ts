import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { isSimpleFusion, type MatMulAttributes, planProduct } from '../../native/ops/matmul.js';
import { elementCount } from '../../native/ops/strided-axes.js';
import { type CudaKernel, type CudaKernelCall, onHost } from '../backend/cuda-kernel.js';

/** Rows and columns of a block of matmul_tiled. */
const TILE = 64;
/** Results per matrix, or columns or rows, up to which a thread per number is the faster way. */
const SMALL_RESULTS = 1024;
const NARROW = 8;
/** Blocks that a grid may have along z. */
const MOST_BATCHES = 65535;

/** op(a) op(b) (+ bias) (relu) exactly in float32, or undefined when it is left to the stock kernel. */
function multiply({ inputs, backend }: CudaKernelCall, attributes: MatMulAttributes, relu: number) {
  const { a, b, bias } = inputs as { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };
  const plan = planProduct(a, b, attributes);
  if (plan === undefined) return undefined;
  const { rows, columns, depth, batch } = plan;
  const [left, right] = [backend.address(a), backend.address(b)];
  const biasAddress = bias === undefined ? 0 : backend.address(bias);
  const { info, address } = backend.output(plan.shape);
  if (elementCount(plan.shape) === 0) return info;
  const steps = [
    plan.batchA === 1 ? 0 : rows * depth,
    plan.batchB === 1 ? 0 : depth * columns,
    ...(attributes.transposeA ? [1, rows] : [depth, 1]),
    ...(attributes.transposeB ? [1, depth] : [columns, 1]),
  ];
  const sizes = [rows, columns, depth];
  const small = rows * columns <= SMALL_RESULTS || rows < NARROW || columns < NARROW || batch > MOST_BATCHES;
  if (small) {
    const size = batch * rows * columns;
    const values = [left, right, biasAddress, address, size, ...sizes, ...steps, relu];
    backend.launcher.launchEach('matmul_direct', size, values);
  } else {
    const grid = [Math.ceil(columns / TILE), Math.ceil(rows / TILE), batch] as const;
    const values = [left, right, biasAddress, address, ...sizes, ...steps, relu];
    backend.launcher.launch('matmul_tiled', { grid }, values);
  }
  return info;
}

const batchMatMul: CudaKernel = {
  name: tf.BatchMatMul,
  run(call) {
    const attributes = call.attrs as unknown as MatMulAttributes;
    return multiply(call, attributes, 0) ?? onHost(tf.BatchMatMul, call);
  },
};

const fusedMatMul: CudaKernel = {
  name: tf._FusedMatMul,
  run(call) {
    const attributes = call.attrs as unknown as MatMulAttributes;
    if (!isSimpleFusion(call.inputs, attributes)) {
      return onHost(tf._FusedMatMul, call);
    }
    return multiply(call, attributes, attributes.activation === 'relu' ? 1 : 0) ?? onHost(tf._FusedMatMul, call);
  },
};

export const matmulKernels: readonly CudaKernel[] = [batchMatMul, fusedMatMul];
