import type { TensorInfo } from '@tensorflow/tfjs';
import { elementCount } from '../../native/ops/strided-axes.js';
import { type EncoderLayerAttributes, WEIGHT_NAMES } from '../../tensor/encoder-layer.js';
import { FUSED_KERNELS } from '../../tensor/kernels.js';
import type { CudaBackend } from '../backend/cuda-backend.js';
import type { CudaKernel, CudaKernelCall } from '../backend/cuda-kernel.js';
import type { Block } from '../memory/memory-block.js';
import { bytesOf } from '../memory/tensor-data.js';
import {
  ENCODER_THREADS,
  type EncoderCallParts,
  type EncoderPlan,
  type EncoderSizes,
  encoderCall,
  keptNumbers,
  packedNumbers,
  planEncoder,
  planWeightSums,
} from './encoder-plan.js';
import { filled } from './views.js';

/** What encoder_backward leaves for the weights may take this much; larger batches go through in parts. */
const KEPT_BYTES = 512 * 2 ** 20;

/** Memory of one call, given back together. */
class Workspace {
  readonly #blocks: Block[] = [];

  constructor(readonly backend: CudaBackend) {}

  take(numbers: number): number {
    if (numbers === 0) return 0;
    const block = this.backend.workspace(bytesOf('float32', numbers));
    this.#blocks.push(block);
    return block.address;
  }

  release(): void {
    for (const block of this.#blocks) this.backend.release(block);
  }
}

/** One call of either direction: its inputs on the device, prepared for the kernels. */
class EncoderRun {
  readonly sizes: EncoderSizes;
  readonly workspace: Workspace;
  readonly backend: CudaBackend;
  readonly x: number;
  readonly weights: readonly number[];
  readonly #attributes: EncoderLayerAttributes;
  readonly #rowMask: number;
  readonly #dropoutKeys: number;
  readonly #packed: number;
  readonly #rowOrder: number;
  readonly #realRows: number;

  constructor(
    { inputs, attrs, backend }: CudaKernelCall,
    readonly gradient: boolean,
  ) {
    const attributes = attrs as unknown as EncoderLayerAttributes;
    const [batch, rows, variables, width] = inputs.x!.shape as [number, number, number, number];
    const attention = inputs.outProjectionWeight!.shape[1]!;
    const hidden = inputs.feedForward1Weight!.shape[0]!;
    const { heads, axis } = attributes;
    this.sizes = { batch, rows, variables, width, attention, heads, hidden, axis };
    this.backend = backend;
    this.workspace = new Workspace(backend);
    this.x = backend.address(inputs.x!);
    this.weights = WEIGHT_NAMES.map((name) => backend.address(inputs[name]!));
    this.#attributes = attributes;
    this.#rowMask = inputs.rowMask!.shape[0] === 0 ? 0 : backend.address(inputs.rowMask!);
    this.#dropoutKeys = inputs.dropoutKeys!.shape[0] === 0 ? 0 : backend.address(inputs.dropoutKeys!);
    this.#packed = this.#pack();
    const ordered = this.#rowMask !== 0 && axis === 'rows';
    this.#rowOrder = this.workspace.take(ordered ? batch * rows : 0);
    this.#realRows = this.workspace.take(ordered ? batch : 0);
    if (ordered) {
      const values = [this.#rowMask, this.#rowOrder, this.#realRows, batch, rows];
      backend.launcher.launchEach('encoder_row_order', batch, values);
    }
  }

  kernel(name: string, { kernelWidth }: EncoderPlan): string {
    return `${name}_${kernelWidth}${this.backend.precision === 'float32' ? '_exact' : ''}`;
  }

  plan(sizes: EncoderSizes): EncoderPlan {
    return planEncoder(sizes, this.gradient, this.backend.device.description);
  }

  /** The call for `sizes.batch` elements from `element` on. */
  call(sizes: EncoderSizes, plan: EncoderPlan, element: number): Int32Array {
    const { dropoutRate, dropoutThreshold } = this.#attributes;
    const { rows, variables, width } = sizes;
    const at = (address: number, numbers: number): number =>
      address === 0 ? 0 : address + bytesOf('float32', numbers);
    const parts: EncoderCallParts = {
      packed: this.#packed,
      rowMask: at(this.#rowMask, element * rows),
      rowOrder: at(this.#rowOrder, element * rows),
      realRows: at(this.#realRows, element),
      dropoutKeys: this.#dropoutKeys,
      dropoutThreshold: this.#dropoutKeys === 0 ? 0 : dropoutThreshold,
      dropoutRate,
      dropoutBase: element * rows * variables * width,
    };
    return encoderCall(sizes, plan, parts);
  }

  #pack(): number {
    const { sizes, backend } = this;
    const numbers = packedNumbers(sizes, this.gradient);
    const packed = this.workspace.take(numbers);
    const { width, attention, hidden } = sizes;
    const tiles = this.plan(sizes).kernelWidth / 8;
    const exact = backend.precision === 'float32' ? 1 : 0;
    const shape = [width, attention, hidden, tiles, this.gradient ? 1 : 0, exact];
    backend.launcher.launchEach('encoder_pack', numbers, [...this.weights, packed, ...shape]);
    return packed;
  }
}

const encoderLayer: CudaKernel = {
  name: FUSED_KERNELS.encoderLayer,
  run(call) {
    const { backend, inputs } = call;
    const { info, address } = backend.output(inputs.x!.shape);
    if (address === 0) return info;
    const run = new EncoderRun(call, false);
    const plan = run.plan(run.sizes);
    const { blocks, sharedBytes } = plan;
    const shape = { grid: [blocks] as const, threads: ENCODER_THREADS, sharedBytes };
    const values = [run.call(run.sizes, plan, 0), run.x, address, run.workspace.take(plan.workNumbers)];
    backend.launcher.launch(run.kernel('encoder_forward', plan), shape, values);
    run.workspace.release();
    return info;
  },
};

/** What encoder_backward leaves for the gradients of the weights: addresses, or zeros where they are not wanted. */
interface Kept {
  readonly middle: number;
  readonly middleGradient: number;
  readonly context: number;
  readonly projectedGradient: number;
}

const NOTHING_KEPT: Kept = { middle: 0, middleGradient: 0, context: 0, projectedGradient: 0 };

function takeKept(workspace: Workspace, { batch, rows, variables, width, attention }: EncoderSizes): Kept {
  const tokens = batch * rows * variables;
  const [middle, middleGradient] = [workspace.take(tokens * width), workspace.take(tokens * width)];
  const [context, projectedGradient] = [workspace.take(tokens * attention), workspace.take(3 * tokens * attention)];
  return { middle, middleGradient, context, projectedGradient };
}

const addressesOf = (addresses: readonly number[]): Int32Array =>
  new Int32Array(BigUint64Array.from(addresses, (address) => BigInt(address)).buffer);

/** Runs encoder_backward on a part of the batch from `element` on. */
function runBackward(
  run: EncoderRun,
  sizes: EncoderSizes,
  element: number,
  addresses: { dy: number; dx: number; kept: Kept },
) {
  const { backend } = run;
  const plan = run.plan(sizes);
  const call = run.call(sizes, plan, element);
  const offset = bytesOf('float32', element * sizes.rows * sizes.variables * sizes.width);
  const [x, dy, dx] = [run.x + offset, addresses.dy + offset, addresses.dx + offset];
  const { middle, middleGradient, context, projectedGradient } = addresses.kept;
  const kept = addressesOf([middle, middleGradient, context, projectedGradient]);
  const work = new Workspace(backend);
  const shape = { grid: [plan.blocks] as const, threads: ENCODER_THREADS, sharedBytes: plan.sharedBytes };
  const values = [call, x, dy, dx, work.take(plan.workNumbers), kept];
  backend.launcher.launch(run.kernel('encoder_backward', plan), shape, values);
  work.release();
  return { call, plan, x, dy };
}

/** The gradients of the weights, in the order of WEIGHT_NAMES, and of x. */
function allGradients(run: EncoderRun, dy: number, dx: number, weightGradients: readonly number[]): void {
  const { sizes, backend, workspace } = run;
  const { launcher } = backend;
  const tokenBytes = bytesOf('float32', keptNumbers(sizes));
  const most = Math.max(1, Math.floor(KEPT_BYTES / (tokenBytes * sizes.rows * sizes.variables)));
  const parts = Math.ceil(sizes.batch / most);
  const batch = Math.ceil(sizes.batch / parts);
  const kept = takeKept(workspace, { ...sizes, batch });
  const { numbers, ranges, feedForwardBlocks, projectionBlocks } = planWeightSums({ ...sizes, batch });
  const partial = workspace.take(parts * ranges * numbers);
  const total = workspace.take(numbers);
  const threads = ENCODER_THREADS;
  for (let part = 0; part < parts; part++) {
    const element = part * batch;
    const partSizes = { ...sizes, batch: Math.min(batch, sizes.batch - element) };
    const { call, plan, x, dy: partDy } = runBackward(run, partSizes, element, { dy, dx, kept });
    const own = partial + bytesOf('float32', part * ranges * numbers);
    const { middle, middleGradient, context, projectedGradient } = kept;
    const forward = { grid: [feedForwardBlocks, ranges] as const, threads };
    launcher.launch(run.kernel('encoder_feed_forward_weights', plan), forward, [call, middle, partDy, own]);
    const projections = { grid: [projectionBlocks, ranges] as const, threads };
    const values = [call, x, middleGradient, context, projectedGradient, own];
    launcher.launch(run.kernel('encoder_projection_weights', plan), projections, values);
  }
  launcher.launchEach('sum_partials', numbers, [partial, total, 0, parts * ranges, numbers, numbers]);
  const [norm1Scale, norm1Bias, inWeight, , , , norm2Scale, norm2Bias, ff1Weight] = run.weights;
  const plan = run.plan(sizes);
  const weights = [norm1Scale!, norm1Bias!, inWeight!, norm2Scale!, norm2Bias!, ff1Weight!];
  const values = [run.call(sizes, plan, 0), total, ...weights, addressesOf(weightGradients)];
  launcher.launchEach('encoder_weight_gradients', numbers, values);
}

const encoderLayerGradient: CudaKernel = {
  name: FUSED_KERNELS.encoderLayerGradient,
  run(call) {
    const { backend, inputs } = call;
    const { weightGradients } = call.attrs as unknown as EncoderLayerAttributes;
    const wanted = weightGradients ? WEIGHT_NAMES.map((name) => inputs[name]!) : [];
    if (elementCount(inputs.x!.shape) === 0) {
      return [inputs.x!, ...wanted].map(({ shape }): TensorInfo => filled(backend, shape, 'float32', 0));
    }
    const dx = backend.output(inputs.x!.shape);
    const outputs = wanted.map(({ shape }) => backend.output(shape));
    const run = new EncoderRun(call, true);
    const dy = backend.address(inputs.dy!);
    if (weightGradients) {
      allGradients(
        run,
        dy,
        dx.address,
        outputs.map(({ address }) => address),
      );
    } else runBackward(run, run.sizes, 0, { dy, dx: dx.address, kept: NOTHING_KEPT });
    run.workspace.release();
    return [dx.info, ...outputs.map(({ info }) => info)];
  },
};

export const encoderKernels: readonly CudaKernel[] = [encoderLayer, encoderLayerGradient];
