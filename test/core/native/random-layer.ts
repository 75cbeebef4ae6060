import * as tf from '@tensorflow/tfjs';
import { RandomStream } from '../../../core/random/stream.js';
import { dropoutKeys } from '../../../core/tensor/dropout.js';
import {
  type EncoderLayerOptions,
  type EncoderLayerWeights,
  WEIGHT_NAMES,
} from '../../../core/tensor/encoder-layer.js';
import { encoderLayerShapes } from '../../../core/tensor/encoder-layer-contract.js';

/** Sizes and options of one random layer; `seed` fixes all numbers. */
export interface LayerCase {
  batch: number;
  rows: number;
  variables: number;
  width: number;
  heads: number;
  keySize: number;
  hidden: number;
  axis: 'rows' | 'variables';
  masked: boolean;
  dropoutRate: number;
  seed: number;
}

type Layer = (x: tf.Tensor4D, weights: EncoderLayerWeights, options: EncoderLayerOptions) => tf.Tensor4D;

/** Zero-mean uniform numbers of standard deviation `scale`. */
export function randomArray(stream: RandomStream, size: number, scale: number): Float32Array {
  return Float32Array.from({ length: size }, () => (stream.uniform() * 2 - 1) * Math.sqrt(3) * scale);
}

/** Numbers of a case: input, cotangent, row mask and weights by name. */
export function layerNumbers(layer: LayerCase) {
  const stream = new RandomStream(`layer/${layer.seed}`);
  const { batch, rows, variables, width, heads, keySize, hidden } = layer;
  const size = batch * rows * variables * width;
  const shapes = encoderLayerShapes({ width, attention: heads * keySize, hidden });
  const weights = WEIGHT_NAMES.map((name) => {
    const shape = shapes[name];
    const values = randomArray(
      stream.child(name),
      shape.reduce((a, b) => a * b),
      1 / Math.sqrt(shape.at(-1)!),
    );
    return { name, shape, values: name.endsWith('Scale') ? values.map((value) => 1 + 0.3 * value) : values };
  });
  const maskStream = stream.child('mask');
  return {
    x: randomArray(stream.child('x'), size, 1.5),
    cotangent: randomArray(stream.child('cotangent'), size, 1),
    rowMask: Float32Array.from({ length: batch * rows }, () => (maskStream.uniform() < 0.7 ? 1 : 0)),
    weights,
  };
}

/** Result and all gradients of a layer on the active backend, keyed by name. */
export function runLayer(op: Layer, layer: LayerCase): Map<string, Float32Array> {
  const numbers = layerNumbers(layer);
  const shape: [number, number, number, number] = [layer.batch, layer.rows, layer.variables, layer.width];
  const results = new Map<string, Float32Array>();
  tf.tidy(() => {
    const x = tf.tensor4d(numbers.x, shape);
    const weights = numbers.weights.map(({ values, shape: size }) => tf.tensor(values, size));
    const options: EncoderLayerOptions = { heads: layer.heads, axis: layer.axis };
    if (layer.masked) options.rowMask = tf.tensor2d(numbers.rowMask, [layer.batch, layer.rows]);
    if (layer.dropoutRate > 0)
      options.dropout = { rate: layer.dropoutRate, keys: tf.tensor1d(dropoutKeys(layer.seed), 'int32') };
    const cotangent = tf.tensor4d(numbers.cotangent, shape);
    const apply = (inputs: tf.Tensor[]) => {
      const named = Object.fromEntries(WEIGHT_NAMES.map((name, i) => [name, inputs[i + 1]!]));
      return op(inputs[0] as tf.Tensor4D, named as unknown as EncoderLayerWeights, options);
    };
    results.set(
      'y',
      apply([x, ...weights])
        .dataSync<'float32'>()
        .slice(),
    );
    const gradients = tf.grads((...inputs: tf.Tensor[]) => apply(inputs).mul(cotangent).sum())([x, ...weights]);
    ['x', ...WEIGHT_NAMES].forEach((name, i) => {
      results.set(name, gradients[i]!.dataSync<'float32'>().slice());
    });
  });
  return results;
}

/** Largest difference relative to the largest number of the reference (at least 1). */
export function relativeDifference(got: Float32Array, wanted: Float32Array): number {
  let worst = got.length === wanted.length ? 0 : Number.POSITIVE_INFINITY;
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  got.forEach((value, i) => {
    const difference = Math.abs(value - wanted[i]!) / scale;
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  });
  return worst;
}
