import { FUSED_KERNELS } from '../../tensor/kernels.js';
import { SINK_STATISTICS, type SinkStatisticsAttributes } from '../../tensor/sink-statistics-contract.js';
import type { KernelCall, NativeKernel } from '../backend/native-backend.js';

/** What both directions take after their arrays. */
function sizesAndSettings({ inputs, attrs }: KernelCall): number[] {
  const [batch, rows, size] = inputs.channels!.shape as [number, number, number];
  const { noiseVariance, centred, scaleFree } = attrs as unknown as SinkStatisticsAttributes;
  return [batch, rows, size, noiseVariance, centred ? 1 : 0, scaleFree ? 1 : 0];
}

const maskOf = ({ inputs, backend }: KernelCall) =>
  inputs.rowMask!.shape[0] === 0 ? null : backend.float32(inputs.rowMask!);

const sinkStatistics: NativeKernel = {
  name: FUSED_KERNELS.sinkStatistics,
  run(call) {
    const { backend, inputs } = call;
    const channels = inputs.channels!;
    const [batch, , size] = channels.shape as [number, number, number];
    const { info, values } = backend.output([batch, size, size, SINK_STATISTICS]);
    const settings = sizesAndSettings(call);
    if (values.length > 0) {
      backend.functions.cp_sink_statistics(backend.float32(channels), maskOf(call), values, ...settings);
    }
    return info;
  },
};

const sinkStatisticsGradient: NativeKernel = {
  name: FUSED_KERNELS.sinkStatisticsGradient,
  run(call) {
    const { backend, inputs } = call;
    const channels = inputs.channels!;
    const { info, values } = backend.output(channels.shape);
    const dy = backend.float32(inputs.dy!);
    const settings = sizesAndSettings(call);
    if (values.length > 0) {
      backend.functions.cp_sink_statistics_gradient(backend.float32(channels), maskOf(call), dy, values, ...settings);
    }
    return info;
  },
};

export const pairKernels: readonly NativeKernel[] = [sinkStatistics, sinkStatisticsGradient];
