import * as tf from '@tensorflow/tfjs';
import { countSets } from '../../core/causal/target-sets.js';
import { bernoulliTargets } from './distributions/bernoulli-targets.js';
import { singleTarget } from './distributions/single-target.js';
import { SwitchTargetDistribution } from './distributions/switch-targets.js';
import {
  type AllowedTargets,
  outputChannel,
  type TargetDistribution,
  type TargetHead,
} from './distributions/target-distribution.js';
import { targetSubset } from './distributions/target-subset.js';
import { SignDistribution, type ValueGaussian } from './distributions/value-signs.js';
import type { OutputsHeadConfig } from './policy-config.js';

// Shapes: B histories, d variables, C action numbers per variable (2: switch and value, 1: switch), G = Gaussian numbers
// per variable, O network outputs per variable.

/** What a policy would do about B histories; differentiable in its weights. */
export interface ActionDistribution {
  readonly targets: TargetDistribution;
  /** [B, d, G] of the numbers before tanh: (switch, value) for the independent head, the value alone for the others. */
  readonly mean: tf.Tensor3D;
  readonly logStd: tf.Tensor3D;
  /** The same of the values alone, [B, d]; undefined for kinds of experiments without values. */
  readonly value: ValueGaussian | undefined;
  /** How the signs of the values are chosen; undefined where they are not a choice of their own. */
  readonly signs: SignDistribution | undefined;
}

export interface ActionHeadOptions {
  /** Action numbers per variable C. */
  readonly channels: number;
  readonly initialStd: number;
  readonly minimumLogStd: number;
}

/** Reads the network's outputs as a distribution of actions. */
export interface ActionHead {
  /** Network outputs per variable O. */
  readonly outputs: number;
  /** Whether the switch is a Gaussian number that gradients flow through, as published, or a choice among sets. */
  readonly hasGaussianSwitch: boolean;
  /** Random numbers in one action on `size` variables, in which target entropies are counted. */
  numbersIn(size: number): number;
  /** Largest entropy of an action on `size` variables, nats: that of all target sets and values in (-1, 1) alike. */
  maximumEntropy(size: number): number;
  interpret(outputs: tf.Tensor3D, allowed?: AllowedTargets): ActionDistribution;
}

type ChoiceConfig = Exclude<OutputsHeadConfig, { kind: 'independent' }>;

/** The kinds of head that choose a set of targets, each with the rest of what it needs in its own file. */
const CHOICES: { readonly [Kind in ChoiceConfig['kind']]: TargetHead<Extract<ChoiceConfig, { kind: Kind }>> } = {
  single: singleTarget,
  bernoulli: bernoulliTargets,
  subset: targetSubset,
};

export function createActionHead(config: OutputsHeadConfig, options: ActionHeadOptions): ActionHead {
  const { channels } = options;
  const hasValues = channels > 1;
  if (config.kind === 'independent')
    return {
      outputs: 2 * channels,
      hasGaussianSwitch: true,
      numbersIn: (size) => size * channels,
      maximumEntropy: (size) => size * channels * Math.LN2,
      interpret: (outputs, allowed) => interpretSwitches(outputs, options, allowed),
    };
  const choice: TargetHead<ChoiceConfig> = CHOICES[config.kind];
  const choosesSigns = hasValues && config.valueSign === 'chosen';
  const ownOutputs = 1 + 2 * (channels - 1) + (choosesSigns ? 1 : 0);
  const furtherOutputs = choice.furtherOutputs(config);
  return {
    outputs: ownOutputs + furtherOutputs,
    hasGaussianSwitch: false,
    numbersIn: (size) => choice.targetRange(config, size).most * channels,
    maximumEntropy: (size) =>
      Math.log(countSets(size, choice.targetRange(config, size), (members) => (hasValues ? 2 ** members : 1))),
    interpret: (outputs, allowed) => {
      const [batch, size] = outputs.shape;
      const targets = choice.distribution(config, {
        logits: outputChannel(outputs, 0),
        further: () => tf.slice(outputs, [0, 0, ownOutputs], [batch, size, furtherOutputs]),
        allowed,
      });
      if (!hasValues) {
        const nothing = tf.zeros([batch, size, 0]) as tf.Tensor3D;
        return { targets, mean: nothing, logStd: nothing, value: undefined, signs: undefined };
      }
      const mean = outputChannel(outputs, 1);
      const logStd = clampLogStd(outputChannel(outputs, 2), options) as tf.Tensor2D;
      const asNumbers = (x: tf.Tensor2D) => tf.expandDims(x, 2) as tf.Tensor3D;
      const signs = choosesSigns ? new SignDistribution(outputChannel(outputs, 3)) : undefined;
      return { targets, mean: asNumbers(mean), logStd: asNumbers(logStd), value: { mean, logStd }, signs };
    },
  };
}

function interpretSwitches(
  outputs: tf.Tensor3D,
  options: ActionHeadOptions,
  allowed: AllowedTargets | undefined,
): ActionDistribution {
  const [mean, rawLogStd] = tf.split(outputs, 2, -1) as [tf.Tensor3D, tf.Tensor3D];
  const logStd = clampLogStd(rawLogStd, options) as tf.Tensor3D;
  return {
    mean,
    logStd,
    signs: undefined,
    get targets() {
      return new SwitchTargetDistribution(mean, logStd, allowed);
    },
    get value() {
      return options.channels === 1 ? undefined : { mean: outputChannel(mean, 1), logStd: outputChannel(logStd, 1) };
    },
  };
}

/** The raw log standard deviation starts near 0, so the shift makes `initialStd` the start. */
function clampLogStd(raw: tf.Tensor, { initialStd, minimumLogStd }: ActionHeadOptions): tf.Tensor {
  return tf.clipByValue(tf.add(raw, Math.log(initialStd)), minimumLogStd, 0);
}
