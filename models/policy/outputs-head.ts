import * as tf from '@tensorflow/tfjs';
import type { HistoryEncoding } from '../networks/history-encoder.js';
import type { ParameterScope } from '../networks/initialization.js';
import { Mlp } from '../networks/mlp.js';
import { type ActionDistribution, type ActionHead, createActionHead } from './action-head.js';
import { tanhGaussianSample } from './distributions/tanh-gaussian.js';
import type { AllowedTargets } from './distributions/target-distribution.js';
import { sampleValues } from './distributions/value-signs.js';
import type { OutputsHeadConfig, PolicyConfig } from './policy-config.js';
import type { DecisionOptions, PolicyHead } from './policy-head.js';

// Shapes: B histories, d variables, C action numbers per variable.

/** An MLP per variable whose outputs are read as a distribution of actions. */
export class OutputsHead implements PolicyHead {
  readonly #head: ActionHead;
  readonly #outputs: Mlp;
  readonly #channels: number;

  constructor(scope: ParameterScope, config: PolicyConfig & { readonly head: OutputsHeadConfig }, channels: number) {
    this.#head = createActionHead(config.head, { ...config, channels });
    this.#channels = channels;
    this.#outputs = new Mlp(scope, {
      inputs: config.width,
      hidden: config.hidden,
      outputs: this.#head.outputs,
      outputGain: 0.1,
    });
  }

  get hasGaussianSwitch(): boolean {
    return this.#head.hasGaussianSwitch;
  }

  numbersIn(size: number): number {
    return this.#head.numbersIn(size);
  }

  maximumEntropy(size: number): number {
    return this.#head.maximumEntropy(size);
  }

  distribution({ variables }: HistoryEncoding, allowed?: AllowedTargets): ActionDistribution {
    return this.#head.interpret(this.#outputs.apply(variables) as tf.Tensor3D, allowed);
  }

  targetEntropies(encoding: HistoryEncoding): Float32Array {
    return this.distribution(encoding).targets.entropy().dataSync<'float32'>().slice();
  }

  decide(encoding: HistoryEncoding, options: DecisionOptions): Float32Array {
    return this.hasGaussianSwitch ? this.#sampleNumbers(encoding, options) : this.#chooseTargets(encoding, options);
  }

  /** tanh of every Gaussian number; a forbidden variable's switch is turned off. */
  #sampleNumbers(encoding: HistoryEncoding, { streams, allowed }: DecisionOptions): Float32Array {
    const { mean, logStd } = this.distribution(encoding);
    let action = tf.tanh(mean);
    if (streams !== undefined) {
      const perHistory = mean.size / streams.length;
      const noise = new Float32Array(mean.size);
      streams.forEach((stream, k) => {
        stream.fillNormal(noise.subarray(k * perHistory, (k + 1) * perHistory));
      });
      action = tanhGaussianSample(mean, logStd, tf.tensor3d(noise, mean.shape)).action as tf.Tensor3D;
    }
    const numbers = action.dataSync<'float32'>().slice();
    allowed?.forEach((isAllowed, at) => {
      if (isAllowed === 0) numbers[at * this.#channels] = -1;
    });
    return numbers;
  }

  /** Switches of -1 or 1 for the chosen targets, and values where they count. */
  #chooseTargets(encoding: HistoryEncoding, { streams, allowed }: DecisionOptions): Float32Array {
    const { targets, value, signs } = this.distribution(encoding, allowed);
    const flags = streams === undefined ? targets.mode() : targets.draw(streams);
    const numbers = new Float32Array(flags.length * this.#channels);
    flags.forEach((flag, at) => {
      numbers[at * this.#channels] = flag === 1 ? 1 : -1;
    });
    if (value === undefined) return numbers;
    const positive = streams === undefined ? signs?.mode() : signs?.draw(streams);
    const noise = new Float32Array(flags.length);
    const size = encoding.variables.shape[1];
    streams?.forEach((stream, k) => {
      stream.fillNormal(noise.subarray(k * size, (k + 1) * size));
    });
    const values = sampleValues(value, tf.tensor2d(noise, value.mean.shape), positive).action.dataSync();
    flags.forEach((flag, at) => {
      if (flag === 1) numbers[at * this.#channels + 1] = values[at]!;
    });
    return numbers;
  }
}
