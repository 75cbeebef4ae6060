import { elementCount } from '../../native/ops/strided-axes.js';
import { FUSED_KERNELS } from '../../tensor/kernels.js';
import { SINK_STATISTICS, type SinkStatisticsAttributes } from '../../tensor/sink-statistics-contract.js';
import type { CudaKernel, CudaKernelCall } from '../backend/cuda-kernel.js';
import type { Handle } from '../device/driver.js';
import { BLOCK_THREADS } from '../device/kernel-launcher.js';

const DOUBLE_BYTES = 8;
/** Of a block that regresses one sink. */
const SINK_THREADS = 128;
/** Shared memory that every device gives a block. */
const SHARED_BYTES = 48 * 1024;

/** Doubles that a block works in, as sink-regression.cuh lays them out. */
const areaOf = (size: number) => 2 * size * size + 7 * size + 4;
/** And the gradients of the sink's pairs. */
const gradientAreaOf = (size: number) => areaOf(size) + 8 * size;

interface Sinks {
  readonly batch: number;
  readonly rows: number;
  readonly size: number;
  readonly channels: Handle;
  /** 0 where no row is padding. */
  readonly mask: Handle;
  /** `SinkSettings` of the kernels. */
  readonly settings: Uint8Array;
}

function sinksOf({ inputs, attrs, backend }: CudaKernelCall): Sinks {
  const channels = inputs.channels!;
  const [batch, rows, size] = channels.shape as [number, number, number];
  const { noiseVariance, centred, scaleFree } = attrs as unknown as SinkStatisticsAttributes;
  const settings = new DataView(new ArrayBuffer(20));
  settings.setInt32(0, rows, true);
  settings.setInt32(4, size, true);
  settings.setFloat32(8, noiseVariance, true);
  settings.setInt32(12, centred ? 1 : 0, true);
  settings.setInt32(16, scaleFree ? 1 : 0, true);
  return {
    batch,
    rows,
    size,
    channels: backend.address(channels),
    mask: backend.address(inputs.rowMask!),
    settings: new Uint8Array(settings.buffer),
  };
}

/** Calls `launch` with where the blocks work: in shared memory, else in device memory. */
function withAreas(
  { backend }: CudaKernelCall,
  { blocks, doubles }: { blocks: number; doubles: number },
  launch: (areas: Handle, sharedBytes: number) => void,
): void {
  const bytes = doubles * DOUBLE_BYTES;
  if (bytes <= SHARED_BYTES) {
    launch(0, bytes);
    return;
  }
  const areas = backend.workspace(blocks * bytes);
  launch(areas.address, 0);
  backend.release(areas);
}

const sinkStatistics: CudaKernel = {
  name: FUSED_KERNELS.sinkStatistics,
  run(call) {
    const { backend } = call;
    const { batch, size, channels, mask, settings } = sinksOf(call);
    const { info, address } = backend.output([batch, size, size, SINK_STATISTICS]);
    const blocks = batch * size;
    const doubles = areaOf(size);
    if (blocks === 0) return info;
    withAreas(call, { blocks, doubles }, (areas, sharedBytes) => {
      const values = [channels, mask, address, areas, doubles, settings];
      backend.launcher.launch('sink_statistics', { grid: [blocks], threads: SINK_THREADS, sharedBytes }, values);
    });
    return info;
  },
};

const sinkStatisticsGradient: CudaKernel = {
  name: FUSED_KERNELS.sinkStatisticsGradient,
  run(call) {
    const { backend, inputs } = call;
    const { batch, rows, size, channels, mask, settings } = sinksOf(call);
    const { info, address } = backend.output(inputs.channels!.shape);
    const values = batch * rows * size;
    if (values === 0) return info;
    const dy = backend.address(inputs.dy!);
    const gradients = backend.workspace(elementCount([batch, size, size, size + 1]) * DOUBLE_BYTES);
    const pairs = backend.workspace(elementCount([batch, size, size, 2]) * DOUBLE_BYTES);
    const blocks = batch * size;
    const doubles = gradientAreaOf(size);
    withAreas(call, { blocks, doubles }, (areas, sharedBytes) => {
      const given = [channels, mask, dy, gradients.address, pairs.address, areas, doubles, settings];
      backend.launcher.launch(
        'sink_statistics_gradient',
        { grid: [blocks], threads: SINK_THREADS, sharedBytes },
        given,
      );
    });
    const places = [channels, mask, gradients.address, pairs.address, address];
    const grid = [Math.ceil(values / BLOCK_THREADS)] as const;
    backend.launcher.launch('sink_statistics_scatter', { grid }, [...places, values, settings]);
    backend.release(pairs);
    backend.release(gradients);
    return info;
  },
};

export const sinkStatisticsKernels: readonly CudaKernel[] = [sinkStatistics, sinkStatisticsGradient];
