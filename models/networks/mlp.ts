import type * as tf from '@tensorflow/tfjs';
import type { ParameterScope } from './initialization.js';
import { addLinearLayer, applyLinearLayer } from './linear-layer.js';

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
  readonly #scope: ParameterScope;
  readonly #layers: readonly string[];

  constructor(scope: ParameterScope, { inputs, hidden, outputs, outputGain = 1 }: MlpOptions) {
    const widths = [inputs, ...hidden, outputs];
    this.#scope = scope;
    this.#layers = widths.slice(1).map((width, index) => {
      const name = `linear${index}`;
      const gain = index === hidden.length ? outputGain : 1;
      addLinearLayer(scope, name, { outputs: width, inputs: widths[index]!, gain });
      return name;
    });
  }

  /** x [..., inputs] -> [..., outputs]. */
  apply(x: tf.Tensor): tf.Tensor {
    const last = this.#layers.length - 1;
    return this.#layers.reduce(
      (hidden, layer, index) => applyLinearLayer(this.#scope, layer, hidden, index < last ? 'relu' : undefined),
      x,
    );
  }
}
