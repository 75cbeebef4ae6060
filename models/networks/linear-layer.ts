import type * as tf from '@tensorflow/tfjs';
import { linear } from '../../core/tensor/linear.js';
import { addConstantVector, addGlorotWeight, type ParameterScope, subScope } from './initialization.js';

/** Adds `<name>/weight` [outputs, inputs] by Glorot's initialisation and `<name>/bias` [outputs] of 0. */
export function addLinearLayer(
  scope: ParameterScope,
  name: string,
  sizes: { readonly outputs: number; readonly inputs: number; readonly gain?: number },
): void {
  const layer = subScope(scope, name);
  addGlorotWeight(layer, 'weight', sizes);
  addConstantVector(layer, 'bias', sizes.outputs, 0);
}

/** x [..., inputs] -> [..., outputs] by the layer that `addLinearLayer` made under that name. */
export function applyLinearLayer(
  { parameters, prefix }: Pick<ParameterScope, 'parameters' | 'prefix'>,
  name: string,
  x: tf.Tensor,
  activation?: 'relu',
): tf.Tensor {
  const get = (part: string) => parameters.get(`${prefix}/${name}/${part}`);
  return linear(x, get('weight') as tf.Tensor2D, get('bias') as tf.Tensor1D, activation);
}
