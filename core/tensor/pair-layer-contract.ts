import type * as tf from '@tensorflow/tfjs';

// Shapes: C channels of a pair; linear weights are [out, in].

/** Weights of one layer of the pair encoder, in the order in which kernels receive them and return their gradients. */
export const PAIR_LAYER_WEIGHTS = [
  'normScale',
  'normBias',
  'firstWeight',
  'firstBias',
  'secondWeight',
  'secondBias',
  'ownWeight',
  'ownBias',
  'reverseWeight',
  'reverseBias',
  'pathsWeight',
  'pathsBias',
  'outputWeight',
  'outputBias',
  'sourceMeanWeight',
  'sourceMeanBias',
  'sinkMeanWeight',
  'sinkMeanBias',
] as const;

/** Those that a layer without means leaves out. */
export const PAIR_MEAN_WEIGHTS = ['sourceMeanWeight', 'sourceMeanBias', 'sinkMeanWeight', 'sinkMeanBias'] as const;

type WeightName = (typeof PAIR_LAYER_WEIGHTS)[number];
type MeanWeightName = (typeof PAIR_MEAN_WEIGHTS)[number];

export type PairLayerWeights = Readonly<
  Record<Exclude<WeightName, MeanWeightName>, tf.Tensor> & Partial<Record<MeanWeightName, tf.Tensor>>
>;

/** Shape of every weight for C channels. */
export function pairLayerShapes(channels: number): Readonly<Record<WeightName, readonly number[]>> {
  const hidden = 2 * channels;
  const toChannels = { weight: [channels, channels], bias: [channels] };
  const toHidden = { weight: [hidden, channels], bias: [hidden] };
  return {
    normScale: [channels],
    normBias: [channels],
    firstWeight: toChannels.weight,
    firstBias: toChannels.bias,
    secondWeight: toChannels.weight,
    secondBias: toChannels.bias,
    ownWeight: toHidden.weight,
    ownBias: toHidden.bias,
    reverseWeight: toHidden.weight,
    reverseBias: toHidden.bias,
    pathsWeight: toHidden.weight,
    pathsBias: toHidden.bias,
    outputWeight: [channels, hidden],
    outputBias: [channels],
    sourceMeanWeight: toHidden.weight,
    sourceMeanBias: toHidden.bias,
    sinkMeanWeight: toHidden.weight,
    sinkMeanBias: toHidden.bias,
  };
}

/** What the kernels receive beside the tensors. */
export interface PairLayerAttributes {
  readonly weightGradients: boolean;
}
