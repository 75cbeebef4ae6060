import * as tf from '@tensorflow/tfjs';

/**
 * Names of the fused kernels that a backend may register beside the stock ones. The ops of this folder look the kernel
 * up on the active backend and fall back to a composition of stock ops, so a backend may register any subset.
 */
export const FUSED_KERNELS = {
  encoderLayer: 'EncoderLayer',
  encoderLayerGradient: 'EncoderLayerGradient',
  layerNorm: 'LayerNorm',
  layerNormGradient: 'LayerNormGradient',
  linear: 'Linear',
  linearGradient: 'LinearGradient',
  maskedMaxPool: 'MaskedMaxPool',
  maskedMaxPoolGradient: 'MaskedMaxPoolGradient',
  sinkStatistics: 'SinkStatistics',
  sinkStatisticsGradient: 'SinkStatisticsGradient',
  pairLayer: 'PairLayer',
  pairLayerGradient: 'PairLayerGradient',
  tensorNorms: 'TensorNorms',
  adamStep: 'AdamStep',
  lambStep: 'LambStep',
  polyakStep: 'PolyakStep',
} as const;

/** What a limit is asked about: sizes of one call by name. */
export type KernelSizes = Readonly<Record<string, number>>;

const limits = new Map<string, (sizes: KernelSizes) => boolean>();

/** Makes a backend's kernel count as registered only for sizes that `fits` accepts. */
export function limitKernel(name: string, backend: string, fits: (sizes: KernelSizes) => boolean): void {
  limits.set(`${backend} ${name}`, fits);
}

/** Whether the active backend registers the kernel, for `sizes` where the kernel may be limited. */
export function hasKernel(name: string, sizes?: KernelSizes): boolean {
  const backend = tf.getBackend();
  if (tf.getKernel(name, backend) == null) return false;
  const fits = limits.get(`${backend} ${name}`);
  return sizes === undefined || fits === undefined || fits(sizes);
}

/** Runs a kernel with one or several outputs; undefined inputs are left out. */
export function runFused(
  name: string,
  inputs: Record<string, tf.Tensor | undefined>,
  attributes: Record<string, unknown>,
): tf.Tensor[] {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined));
  const result: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(name, given as unknown as tf.NamedTensorMap, attributes as tf.NamedAttrMap);
  return Array.isArray(result) ? result : [result];
}

let trainedVariables: ReadonlySet<tf.Tensor> | undefined;

/** Runs `body` knowing that only `variables` will be asked for gradients, so fused ops can skip those of other weights. */
export function withTrainedVariables<Result>(variables: readonly tf.Variable[], body: () => Result): Result {
  const outer = trainedVariables;
  trainedVariables = new Set<tf.Tensor>(variables);
  try {
    return body();
  } finally {
    trainedVariables = outer;
  }
}

/** False only when every weight is a variable of a network that is not being trained in this call. */
export function needWeightGradients(weights: readonly tf.Tensor[]): boolean {
  const trained = trainedVariables;
  if (trained === undefined) return true;
  return weights.some((weight) => !(weight instanceof tf.Variable) || trained.has(weight));
}
