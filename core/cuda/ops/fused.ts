import type { TensorInfo } from '@tensorflow/tfjs';
import { elementCount } from '../../native/ops/strided-axes.js';
import { FUSED_KERNELS } from '../../tensor/kernels.js';
import type { CudaBackend } from '../backend/cuda-backend.js';
import type { CudaKernel } from '../backend/cuda-kernel.js';
import type { Handle } from '../device/driver.js';
import { BLOCK_THREADS } from '../device/kernel-launcher.js';
import { bytesOf } from '../memory/tensor-data.js';
import { filled } from './views.js';

const WARP = 32;
/** Of the blocks of linear.cu. */
const LINEAR = { rows: 64, columns: 32, threads: 128 } as const;
/** Columns of a block that sums the gradients of layer norms. */
const NORM_COLUMNS = 32;
/** Rows that are worth partial sums of their own, and how many blocks are enough to keep a device busy. */
const RANGE_ROWS = 256;
const BUSY_BLOCKS = 512;

/** Into how many ranges a sum over rows is split when each range takes `blocks` blocks; the same on every device. */
function rangesFor(rows: number, blocks: number): number {
  return Math.max(1, Math.min(Math.ceil(rows / RANGE_ROWS), Math.ceil(BUSY_BLOCKS / blocks)));
}

/** Calls `fill` with room for partial sums of `ranges` ranges, then adds them into two tensors that lie one after the other. */
function sumRanges(
  backend: CudaBackend,
  { ranges, first, second }: { ranges: number; first: [Handle, number]; second: [Handle, number] },
  fill: (partial: Handle) => void,
): void {
  const size = first[1] + second[1];
  const partial = backend.workspace(bytesOf('float32', ranges * size));
  fill(partial.address);
  const values = [partial.address, first[0], second[0], ranges, size, first[1]];
  backend.launcher.launchEach('sum_partials', size, values);
  backend.release(partial);
}

const variant = (kernel: string, { precision }: CudaBackend): string =>
  precision === 'float32' ? `${kernel}_exact` : kernel;

const linear: CudaKernel = {
  name: FUSED_KERNELS.linear,
  run({ backend, inputs, attrs }) {
    const [outputs, size] = inputs.weight!.shape as [number, number];
    const [x, weight] = [backend.address(inputs.x!), backend.address(inputs.weight!)];
    const bias = inputs.bias === undefined ? 0 : backend.address(inputs.bias);
    const { info, address } = backend.output([...inputs.x!.shape.slice(0, -1), outputs]);
    const rows = elementCount(inputs.x!.shape.slice(0, -1));
    if (rows * outputs === 0) return info;
    const grid = [Math.ceil(rows / LINEAR.rows), Math.ceil(outputs / LINEAR.columns)] as const;
    const relu = attrs.activation === 'relu' ? 1 : 0;
    const values = [x, weight, bias, address, rows, size, outputs, relu];
    backend.launcher.launch(variant('linear', backend), { grid, threads: LINEAR.threads }, values);
    return info;
  },
};

const linearGradient: CudaKernel = {
  name: FUSED_KERNELS.linearGradient,
  run({ backend, inputs, attrs }) {
    const { dy, x, weight, y } = inputs as Record<'dy' | 'x' | 'weight' | 'y', TensorInfo>;
    const [outputs, size] = weight.shape as [number, number];
    const rows = elementCount(dy.shape) / outputs;
    const wanted = attrs.weightGradients as boolean;
    if (rows === 0)
      return [x.shape, ...(wanted ? [weight.shape, [outputs]] : [])].map((shape) => zeros(backend, shape));
    const gate = attrs.activation === 'relu' ? backend.address(y) : 0;
    const dyAddress = backend.address(dy);
    const dx = backend.output(x.shape);
    const { launcher } = backend;
    const { threads } = LINEAR;
    const grid = [Math.ceil(rows / LINEAR.rows), Math.ceil(size / LINEAR.columns)] as const;
    const values = [dyAddress, gate, backend.address(weight), dx.address, rows, size, outputs];
    launcher.launch(variant('linear_input_gradient', backend), { grid, threads }, values);
    if (!wanted) return [dx.info];
    const [dWeight, dBias] = [backend.output(weight.shape), backend.output([outputs])];
    const blocks = [Math.ceil(outputs / LINEAR.rows), Math.ceil(size / LINEAR.columns)] as const;
    const ranges = rangesFor(rows, blocks[0] * blocks[1]);
    const first: [Handle, number] = [dWeight.address, outputs * size];
    sumRanges(backend, { ranges, first, second: [dBias.address, outputs] }, (partial) => {
      const numbers = [dyAddress, gate, backend.address(x), partial, rows, size, outputs];
      launcher.launch(variant('linear_weight_gradient', backend), { grid: [...blocks, ranges], threads }, numbers);
    });
    return [dx.info, dWeight.info, dBias.info];
  },
};

const zeros = (backend: CudaBackend, shape: readonly number[]): TensorInfo => filled(backend, shape, 'float32', 0);

/** Blocks in which every warp takes a row. */
const warpPerRow = (rows: number) => ({ grid: [Math.ceil((rows * WARP) / BLOCK_THREADS)] as const });

const layerNorm: CudaKernel = {
  name: FUSED_KERNELS.layerNorm,
  run({ backend, inputs, attrs }) {
    const x = inputs.x!;
    const width = x.shape.at(-1) ?? 1;
    const places = [backend.address(x), backend.address(inputs.scale!), backend.address(inputs.bias!)];
    const { info, address } = backend.output(x.shape);
    const rows = elementCount(x.shape) / width;
    if (address === 0) return info;
    const values = [...places, address, rows, width, attrs.epsilon as number];
    backend.launcher.launch('layer_norm', warpPerRow(rows), values);
    return info;
  },
};

const layerNormGradient: CudaKernel = {
  name: FUSED_KERNELS.layerNormGradient,
  run({ backend, inputs, attrs }) {
    const x = inputs.x!;
    const width = x.shape.at(-1) ?? 1;
    const rows = elementCount(x.shape) / width;
    if (elementCount(x.shape) === 0) return [x.shape, [width], [width]].map((shape) => zeros(backend, shape));
    const [dyAddress, xAddress] = [backend.address(inputs.dy!), backend.address(x)];
    const [dx, dScale, dBias] = [backend.output(x.shape), backend.output([width]), backend.output([width])];
    const statistics = backend.workspace(bytesOf('float32', 2 * rows));
    const { launcher } = backend;
    const inputsOfRows = [dyAddress, xAddress, backend.address(inputs.scale!), dx.address, statistics.address];
    launcher.launch('layer_norm_gradient', warpPerRow(rows), [...inputsOfRows, rows, width, attrs.epsilon as number]);
    const blocks = Math.ceil(width / NORM_COLUMNS);
    const ranges = rangesFor(rows, blocks);
    sumRanges(backend, { ranges, first: [dScale.address, width], second: [dBias.address, width] }, (partial) => {
      const values = [dyAddress, xAddress, statistics.address, partial, rows, width];
      launcher.launch('layer_norm_gradient_sums', { grid: [blocks, ranges] }, values);
    });
    backend.release(statistics);
    return [dx.info, dScale.info, dBias.info];
  },
};

const maskedMaxPool: CudaKernel = {
  name: FUSED_KERNELS.maskedMaxPool,
  run({ backend, inputs }) {
    const [batch, rows, variables, width] = inputs.x!.shape as [number, number, number, number];
    const x = backend.address(inputs.x!);
    const mask = inputs.rowMask === undefined ? 0 : backend.address(inputs.rowMask);
    const pooled = backend.output([batch, variables, width]);
    const winner = backend.output([batch, variables, width], 'int32');
    const size = variables * width;
    const values = [x, mask, pooled.address, winner.address, batch, rows, size];
    backend.launcher.launchEach('masked_max_pool', batch * size, values);
    return [pooled.info, winner.info];
  },
};

const maskedMaxPoolGradient: CudaKernel = {
  name: FUSED_KERNELS.maskedMaxPoolGradient,
  run({ backend, inputs, attrs }) {
    const [batch, variables, width] = inputs.winner!.shape as [number, number, number];
    const rows = attrs.rows as number;
    const [dy, winner] = [backend.address(inputs.dy!), backend.address(inputs.winner!)];
    const { info, address } = backend.output([batch, rows, variables, width]);
    const size = variables * width;
    backend.launcher.launchEach('masked_max_pool_gradient', batch * rows * size, [
      dy,
      winner,
      address,
      batch,
      rows,
      size,
    ]);
    return info;
  },
};

export const fusedKernels: readonly CudaKernel[] = [
  linear,
  linearGradient,
  layerNorm,
  layerNormGradient,
  maskedMaxPool,
  maskedMaxPoolGradient,
];
