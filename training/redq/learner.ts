import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { Adam } from '../../core/tensor/optimizers.js';
import { Critic } from '../../models/policy/critic.js';
import type { CriticConfig } from '../../models/policy/critic-config.js';
import { DesignPolicy } from '../../models/policy/design-policy.js';
import type { PolicyConfig } from '../../models/policy/policy-config.js';
import type { RedqConfig } from '../config/redq-config.js';
import { loadParts, partsToArrays, type StatePart } from '../loop/state-parts.js';
import { type CriticMetrics, CriticUpdate } from './critic-update.js';
import { logTemperatureGradient } from './losses.js';
import { type PolicyMetrics, PolicyUpdate } from './policy-update.js';
import type { TransitionBatch } from './replay.js';
import { ScalarAdam } from './scalar-adam.js';
import type { RedqNetworks } from './update-context.js';

export type { CriticMetrics, PolicyMetrics };

export interface RedqLearnerOptions {
  readonly config: RedqConfig;
  readonly policy: PolicyConfig;
  readonly critic: CriticConfig;
  /** Action numbers per variable. */
  readonly channels: number;
  /** Names the initial weights. */
  readonly stream: RandomStream;
}

/**
 * Randomized ensembled double Q-learning (REDQ, arXiv:2101.05982) on soft actor-critic: N critics, of which M are drawn
 * for each target's minimum; automatic temperature. One call of `updateCritics` is one gradient step of every critic
 * followed by a Polyak step of the targets; one call of `updatePolicy` is one step of policy and temperature.
 */
export class RedqLearner {
  readonly #networks: RedqNetworks;
  readonly #criticUpdate: CriticUpdate;
  readonly #policyUpdate: PolicyUpdate;
  readonly #temperatureOptimizer: ScalarAdam;
  readonly #parts: ReadonlyMap<string, StatePart>;

  constructor({ config, policy: policyConfig, critic, channels, stream }: RedqLearnerOptions) {
    const policy = new DesignPolicy(policyConfig, channels, stream.child('policy'));
    const makeCritic = (index: number) => new Critic(critic, channels, stream.child('critic', index));
    const critics = Array.from({ length: config.critics }, (_, index) => makeCritic(index));
    const targets = Array.from({ length: config.critics }, (_, index) => makeCritic(index));
    const usesAll = config.targetSubset >= config.critics;
    const drawnTargets = usesAll ? targets : targets.slice(0, config.targetSubset).map((_, slot) => makeCritic(slot));
    const { clipNorm } = config;
    const policyOptimizer = new Adam(policy.parameters, { learningRate: config.policyLearningRate, clipNorm });
    const criticOptimizers = critics.map(
      ({ parameters }) => new Adam(parameters, { learningRate: config.criticLearningRate, clipNorm }),
    );
    this.#networks = { config, policy, critics, targets, drawnTargets, policyOptimizer, criticOptimizers };
    this.#criticUpdate = new CriticUpdate(this.#networks);
    this.#policyUpdate = new PolicyUpdate(this.#networks);
    this.#temperatureOptimizer = new ScalarAdam(Math.log(config.temperature.initial), config.temperature.learningRate);
    this.#parts = statePartsOf(this.#networks);
  }

  get policy(): DesignPolicy {
    return this.#networks.policy;
  }

  get critics(): readonly Critic[] {
    return this.#networks.critics;
  }

  get targets(): readonly Critic[] {
    return this.#networks.targets;
  }

  /** alpha, the weight of the entropy. */
  get temperature(): number {
    return Math.exp(this.#temperatureOptimizer.value);
  }

  /** One gradient step of every critic towards the soft target, then one Polyak step of every target critic. */
  updateCritics(batch: TransitionBatch, stream: RandomStream): CriticMetrics {
    return this.startCriticUpdate(batch, stream)();
  }

  /** Launches `updateCritics`; call the function that it returns, which waits for it, before the next update. */
  startCriticUpdate(batch: TransitionBatch, stream: RandomStream): () => CriticMetrics {
    return this.#criticUpdate.start(batch, { temperature: this.temperature, stream });
  }

  /** One gradient step of the policy on alpha log pi - Q, then one of the temperature. */
  updatePolicy(batch: TransitionBatch, targetEntropy: number, stream: RandomStream): PolicyMetrics {
    return this.startPolicyUpdate(batch, targetEntropy, stream)();
  }

  /** Launches `updatePolicy`; call the function that it returns, which waits for it, before the next update. */
  startPolicyUpdate(batch: TransitionBatch, targetEntropy: number, stream: RandomStream): () => PolicyMetrics {
    const finish = this.#policyUpdate.start(batch, { temperature: this.temperature, stream });
    return () => {
      const metrics = finish();
      if (this.#networks.config.temperature.automatic)
        this.#temperatureOptimizer.step(logTemperatureGradient(metrics.meanLogProbability, targetEntropy));
      return metrics;
    };
  }

  /** Weights, optimiser moments and temperature, by part of a checkpoint. */
  toArrays(): Map<string, StoredTensor> {
    const arrays = partsToArrays(this.#parts);
    arrays.set('temperature', { shape: [4], data: this.#temperatureOptimizer.toArray() });
    return arrays;
  }

  load(arrays: TensorMap, source: string): void {
    const temperature = arrays.get('temperature')?.data;
    if (!(temperature instanceof Float64Array))
      throw new CausalPilotError(
        'E_CHECKPOINT',
        `${source}: 'temperature' is missing; the checkpoint is not resumable`,
      );
    loadParts(this.#parts, arrays, source);
    this.#temperatureOptimizer.load(temperature);
  }

  dispose(): void {
    this.#criticUpdate.dispose();
    this.#policyUpdate.dispose();
    const { policy, critics, targets, drawnTargets, policyOptimizer, criticOptimizers } = this.#networks;
    const networks = new Set([policy, ...critics, ...targets, ...drawnTargets]);
    for (const part of [policyOptimizer, ...criticOptimizers, ...networks]) part.dispose();
  }
}

/** What a checkpoint holds besides the temperature, by name. */
function statePartsOf({ policy, critics, targets, policyOptimizer, criticOptimizers }: RedqNetworks) {
  const numbered = (name: string, parts: readonly StatePart[]): [string, StatePart][] =>
    parts.map((part, index) => [`${name}${index}`, part]);
  const parametersOf = (networks: readonly Critic[]) => networks.map(({ parameters }) => parameters);
  return new Map<string, StatePart>([
    ['policy', policy.parameters],
    ['policyOptimizer', policyOptimizer],
    ...numbered('critic', parametersOf(critics)),
    ...numbered('criticOptimizer', criticOptimizers),
    ...numbered('target', parametersOf(targets)),
  ]);
}
