import * as tf from '@tensorflow/tfjs';
import { dropoutKeys } from '../../../core/tensor/dropout.js';
import { encoderLayer } from '../../../core/tensor/encoder-layer.js';
import { Adam, polyakUpdate, valueAndGradients } from '../../../core/tensor/optimizers.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';
import { type LayerCase, layerNumbers } from './random-layer.js';

/** A training of one layer on the active backend; each call does step `step` and returns its loss. */
export function smallTraining(): (step: number) => number {
  const layer: LayerCase = {
    batch: 2,
    rows: 6,
    variables: 4,
    width: 8,
    heads: 2,
    keySize: 4,
    hidden: 16,
    axis: 'rows',
    masked: true,
    dropoutRate: 0.1,
    seed: 5,
  };
  const numbers = layerNumbers(layer);
  const [parameters, target] = [new ParameterSet(), new ParameterSet()];
  for (const { name, shape, values } of numbers.weights) {
    parameters.add(name, shape, values);
    target.add(name, shape, values);
  }
  const optimizer = new Adam(parameters, { learningRate: 1e-3, clipNorm: 1 });
  const x = tf.tensor4d(numbers.x, [2, 6, 4, 8]);
  const rowMask = tf.tensor2d(numbers.rowMask, [2, 6]);
  return (step: number) => {
    const weights = Object.fromEntries(parameters.names.map((name) => [name, parameters.get(name)]));
    const { gradients, value } = valueAndGradients(() => {
      const options = {
        heads: 2,
        axis: 'rows' as const,
        rowMask,
        dropout: { rate: 0.1, keys: tf.tensor1d(dropoutKeys(step), 'int32') },
      };
      return encoderLayer(x, weights as never, options)
        .square()
        .mean() as tf.Scalar;
    }, parameters);
    optimizer.apply(gradients);
    polyakUpdate(target, parameters, 0.01);
    tf.dispose(gradients);
    return value;
  };
}
