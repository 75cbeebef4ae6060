import { FUSED_KERNELS } from '../../tensor/kernels.js';
import { PAIR_LAYER_WEIGHTS, PAIR_MEAN_WEIGHTS, type PairLayerAttributes } from '../../tensor/pair-layer-contract.js';
import type { KernelCall, NativeKernel } from '../backend/native-backend.js';

/** What both directions take between their arrays and the gradients: sizes, then the weights, null for means that are not read. */
function sizesAndWeights({ inputs, backend }: KernelCall): (Float32Array | number | null)[] {
  const [batch, size, , channels] = inputs.pairs!.shape as [number, number, number, number];
  return [
    batch,
    size,
    channels,
    ...weightNames(inputs).map((name) => backend.float32(inputs[name]!)),
    ...absent(inputs),
  ];
}

const readsMeans = (inputs: KernelCall['inputs']) => inputs.sourceMeanWeight!.shape[0] !== 0;
const weightNames = (inputs: KernelCall['inputs']) =>
  readsMeans(inputs) ? PAIR_LAYER_WEIGHTS : PAIR_LAYER_WEIGHTS.slice(0, -PAIR_MEAN_WEIGHTS.length);
const absent = (inputs: KernelCall['inputs']) => (readsMeans(inputs) ? [] : PAIR_MEAN_WEIGHTS.map(() => null));

const pairLayer: NativeKernel = {
  name: FUSED_KERNELS.pairLayer,
  run(call) {
    const { backend, inputs } = call;
    const { info, values } = backend.output(inputs.pairs!.shape);
    if (values.length > 0)
      backend.functions.cp_pair_layer(backend.float32(inputs.pairs!), values, ...sizesAndWeights(call));
    return info;
  },
};

const pairLayerGradient: NativeKernel = {
  name: FUSED_KERNELS.pairLayerGradient,
  run(call) {
    const { backend, inputs } = call;
    const dx = backend.output(inputs.pairs!.shape);
    const { weightGradients } = call.attrs as unknown as PairLayerAttributes;
    const outputs = weightGradients ? weightNames(inputs).map((name) => backend.output(inputs[name]!.shape)) : [];
    const targets = PAIR_LAYER_WEIGHTS.map((_, index) => outputs[index]?.values ?? null);
    if (dx.values.length > 0) {
      const [dy, pairs] = [backend.float32(inputs.dy!), backend.float32(inputs.pairs!)];
      backend.functions.cp_pair_layer_gradient(dy, pairs, dx.values, ...sizesAndWeights(call), ...targets);
    } else {
      for (const target of targets) target?.fill(0);
    }
    return [dx.info, ...outputs.map(({ info }) => info)];
  },
};

export const pairLayerKernels: readonly NativeKernel[] = [pairLayer, pairLayerGradient];
