import * as tf from '@tensorflow/tfjs';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { Adam, valueAndGradients } from '../../core/tensor/optimizers.js';
import type { DesignEnvSettings } from '../../envs/design/design-env-config.js';
import { potential } from '../../envs/design/reward.js';
import type { CausalModelPrior } from '../../envs/prior/causal-model.js';
import { scaledBatch } from '../../models/networks/count-scaling.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';
import { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { leastTargeted } from '../../models/strategies/target-choices.js';
import type { BranchedGradientConfig } from '../config/branched-gradient-config.js';
import { learningRateAt } from '../config/schedules.js';
import { loadParts, partsToArrays, type StatePart } from '../loop/state-parts.js';
import { Branches } from './branches.js';
import { differentiablePotential, isDifferentiable } from './differentiable-potential.js';
import { playBranches, type Rollout } from './rollout.js';
import { decisionCredits, imitationLoss, surrogateLoss } from './surrogate.js';

// Shapes: B = groups * branches rollouts, d variables, T experiments.

export interface BranchedGradientOptions {
  readonly config: BranchedGradientConfig;
  readonly policy: DesignPolicy;
  /** Where it is a trained one, gradients of values can pass through it. */
  readonly posterior: GraphPosterior;
  readonly prior: CausalModelPrior;
  readonly settings: DesignEnvSettings;
}

export interface BranchedGradientMetrics {
  /** Mean Phi(h_T). */
  readonly finalPotential: number;
  /** Root mean square over groups of the standard deviation of Phi(h_T) between branches. */
  readonly branchSpread: number;
  /** Mean entropy of one choice of targets, nats. */
  readonly targetEntropy: number;
  /** Mean number of targets of an experiment, and their mean |value| in units of the range. */
  readonly targets: number;
  readonly valueStrength: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/**
 * Gradient ascent on E[Phi(h_T)] by rollouts in groups of branches that share system, start and noise: a score function with
 * leave-one-out baselines for the choice of targets; for their values the derivative through simulator, posterior and
 * later decisions where these are differentiable, else the score function too.
 */
export class BranchedGradientLearner {
  readonly policy: DesignPolicy;
  readonly #options: BranchedGradientOptions;
  readonly #optimizer: Adam;
  readonly #parts: ReadonlyMap<string, StatePart>;

  constructor(options: BranchedGradientOptions) {
    this.#options = options;
    this.policy = options.policy;
    const { learningRate, clipNorm } = options.config;
    this.#optimizer = new Adam(this.policy.parameters, { learningRate: learningRate.peak, clipNorm });
    this.#parts = new Map<string, StatePart>([
      ['policy', this.policy.parameters],
      ['policyOptimizer', this.#optimizer],
    ]);
  }

  /**
   * Gradient step number `step` (from 0); everything random in it comes from children of `stream`.
   *
   * @throws CausalPilotError E_CONFIG if pathwise gradients are asked for where there are none.
   */
  update(step: number, stream: RandomStream): BranchedGradientMetrics {
    let metrics: Omit<BranchedGradientMetrics, 'gradientNorm' | 'learningRate'> | undefined;
    const { gradients } = valueAndGradients(() => {
      const estimate = this.#estimate(stream, this.#imitates(step));
      metrics = estimate.metrics;
      return estimate.loss;
    }, this.policy.parameters);
    const learningRate = this.#learningRateAt(step);
    this.#optimizer.learningRate = learningRate;
    const gradientNorm = this.#optimizer.apply(gradients);
    tf.dispose(gradients);
    return { ...metrics!, gradientNorm, learningRate };
  }

  /** Weights and optimiser moments. */
  toArrays(): Map<string, StoredTensor> {
    return partsToArrays(this.#parts);
  }

  load(arrays: TensorMap, source: string): void {
    loadParts(this.#parts, arrays, source);
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.policy.dispose();
  }

  #imitates(step: number): boolean {
    return step < this.#options.config.imitation.updates;
  }

  #learningRateAt(step: number): number {
    const { imitation, learningRate, updates } = this.#options.config;
    if (this.#imitates(step)) return imitation.learningRate;
    return learningRateAt(learningRate, step - imitation.updates, updates - imitation.updates);
  }

  #estimate(stream: RandomStream, imitates: boolean) {
    const { config, prior, settings } = this.#options;
    const groups = Array.from({ length: config.groups }, (_, group) => stream.child('group', group));
    const branches = new Branches(settings, prior, { groups, branches: config.branches });
    const pathwise = this.#pathwisePosterior(branches);
    const potentials: Float32Array[] = [];
    const isTelescoped = config.objective === 'telescoped';
    const rollout = playBranches({
      policy: this.policy,
      branches,
      pathwise: pathwise !== undefined,
      stream,
      branchesPerGroup: config.branches,
      teacher: imitates ? leastTargeted(config.imitation.targets) : undefined,
      onStep: (t) => {
        if (isTelescoped && t < settings.budget) potentials.push(this.#potentials(branches));
      },
    });
    const finalPotential =
      pathwise === undefined
        ? tf.tensor1d(this.#potentials(branches))
        : this.#finalPotential(rollout, branches, pathwise);
    potentials.push(finalPotential.dataSync<'float32'>().slice());
    const metrics = rolloutMetrics(rollout, potentials[potentials.length - 1]!, config.branches);
    if (imitates) {
      const chosen = rollout.steps.map(({ targetLogProbability }) => targetLogProbability);
      return { loss: imitationLoss(finalPotential, chosen), metrics };
    }
    const loss = surrogateLoss({
      finalPotential,
      logProbabilities: rollout.steps.map(({ logProbability }) => logProbability),
      credits: decisionCredits(potentials, config.objective, settings.budget),
      entropies: rollout.steps.map(({ entropy }) => entropy),
      branches: config.branches,
      entropyWeight: config.entropyWeight,
    });
    return { loss, metrics };
  }

  /** Phi(h_T) [B] as a function of the policy's values. */
  #finalPotential({ channels }: Rollout, branches: Branches, posterior: AmortizedGraphPosterior): tf.Tensor1D {
    const { settings } = this.#options;
    const logits = posterior.logits(scaledBatch({ channels, rowMask: undefined }, posterior.config.inputScaling));
    const { count, size } = branches;
    return differentiablePotential(settings.reward, logits, tf.tensor3d(branches.graphs(), [count, size, size]));
  }

  /** Phi [B] of the histories so far, plain numbers. */
  #potentials({ episodes, size }: Branches): Float32Array {
    const { posterior, settings } = this.#options;
    const probabilities = posterior.edgeProbabilities(episodes.map(({ history }) => history));
    const entries = size * size;
    return Float32Array.from(episodes, ({ model }, b) =>
      potential(settings.reward, probabilities.subarray(b * entries, (b + 1) * entries), model.graph),
    );
  }

  /** The posterior that gradients of values pass through; undefined where values learn by score function. */
  #pathwisePosterior(branches: Branches): AmortizedGraphPosterior | undefined {
    const { config, posterior, settings } = this.#options;
    if (config.valueGradient === 'score') return undefined;
    if (
      posterior instanceof AmortizedGraphPosterior &&
      branches.isAffine &&
      isDifferentiable(settings.reward) &&
      posterior.config.inputScaling !== 'log2-counts-per-million'
    )
      return posterior;
    if (config.valueGradient === 'pathwise')
      throw new CausalPilotError(
        'E_CONFIG',
        "learner.valueGradient: 'pathwise' needs linear systems with do or shift, noise that does not depend on the parents, targets that are not flipped, a trained posterior and a differentiable reward; use 'auto'",
      );
    return undefined;
  }
}

function rolloutMetrics({ steps }: Rollout, final: Float32Array, branches: number) {
  const decisions = Math.max(1, steps.length * final.length);
  const total = (of: (step: Rollout['steps'][number]) => number) => steps.reduce((sum, step) => sum + of(step), 0);
  const targetCount = total((step) => step.targetCount);
  let squares = 0;
  for (let first = 0; first < final.length; first += branches) {
    const group = final.subarray(first, first + branches);
    const mean = group.reduce((sum, value) => sum + value, 0) / branches;
    squares += group.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  }
  return {
    finalPotential: final.reduce((sum, value) => sum + value, 0) / final.length,
    branchSpread: Math.sqrt(squares / (final.length - final.length / branches)),
    targetEntropy: total(({ entropy }) => tf.sum(entropy).dataSync()[0]!) / decisions,
    targets: targetCount / decisions,
    valueStrength: total((step) => step.valueStrength) / Math.max(1, targetCount),
  };
}
