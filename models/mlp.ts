import type * as tf from '@tensorflow/tfjs';
import { linear } from '../core/tensor/linear.js';
import type { ParameterSet } from '../core/tensor/parameters.js';
import { addConstantVector, addGlorotWeight, type ParameterScope, subScope } from './initialization.js';

export interface MlpOptions {
  readonly inputs: number;
  /** Widths of the hidden layers (ReLU). */
  readonly hidden: readonly number[];
  readonly outputs: number;
  /** Factor on the Glorot limits of the last layer. @defaultValue 1 */
  readonly outputGain?: number;
}

/** A multilayer perceptron with ReLU hidden layers and a linear output, on the last axis of its input. */
export class Mlp {
  readonly #parameters: ParameterSet;
  readonly #layers: readonly string[];

  constructor(scope: ParameterScope, { inputs, hidden, outputs, outputGain = 1 }: MlpOptions) {
    const widths = [inputs, ...hidden, outputs];
    this.#parameters = scope.parameters;
    this.#layers = widths.slice(1).map((width, index) => {
      const layer = subScope(scope, `linear${index}`);
      const isOutput = index === hidden.length;
      addGlorotWeight(layer, 'weight', { outputs: width, inputs: widths[index]!, gain: isOutput ? outputGain : 1 });
      addConstantVector(layer, 'bias', width, 0);
      return layer.prefix;
    });
  }

  /** x [..., inputs] -> [..., outputs]. */
  apply(x: tf.Tensor): tf.Tensor {
    return this.#layers.reduce((hidden, layer, index) => {
      const weight = this.#parameters.get(`${layer}/weight`) as tf.Tensor2D;
      const bias = this.#parameters.get(`${layer}/bias`) as tf.Tensor1D;
      return linear(hidden, weight, bias, index < this.#layers.length - 1 ? 'relu' : undefined);
    }, x);
  }
}
