import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { CausalPilotError } from '../../core/errors.js';
import { RandomStream } from '../../core/random/stream.js';
import { defineMetrics } from '../../core/run/metrics.js';
import { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import { savePolicy } from '../../models/checkpoints.js';
import { actionChannels } from '../../models/policy/action-numbers.js';
import type { ExperimentWith } from '../config/experiment-config.js';
import type { RedqConfig } from '../config/redq-config.js';
import type { LearnedCard, Learner, TrainingIo, TrainingResult } from '../loop/learner.js';
import { runLearner } from '../loop/learning-loop.js';
import { meanOf } from '../loop/mean.js';
import { HELD_OUT_METRICS, PolicyValidation } from '../loop/policy-validation.js';
import { type CollectedEpisodes, collectEpisodes } from './collector.js';
import { type CriticMetrics, type PolicyMetrics, RedqLearner } from './learner.js';
import { checkLearningStarts, replayEpisodes } from './learning-start.js';
import { EpisodeReplay, type TransitionBatch } from './replay.js';

const REDQ_METRICS = defineMetrics({
  'loss/critic': 'mean over critics and updates of (Q - y)^2 / 2, in scaled rewards',
  'loss/policy': 'mean over updates of alpha log pi - Q',
  'critic/target': 'mean soft target y, in scaled rewards',
  'critic/gradientNorm': 'root mean square over critics of the gradient norm, last update',
  'policy/entropy': '-log pi of the sampled actions, nats, mean over updates',
  'policy/targetEntropy': 'entropy that the temperature is adjusted to, nats',
  'policy/temperature': 'alpha',
  'policy/gradientNorm': 'gradient norm of the policy, last update',
  'collect/return': 'mean potential after the last experiment of the collected episodes',
  'collect/gain': 'mean sum of rewards of the collected episodes',
  'replay/transitions': 'transitions held',
  ...HELD_OUT_METRICS,
});

/**
 * Trains the design policy of an experiment with REDQ/SAC against a graph posterior. The best checkpoint has the
 * highest return on held-out systems.
 */
export async function trainPolicyWithRedq(
  config: ExperimentWith<RedqConfig>,
  posterior: GraphPosterior,
  io: TrainingIo,
): Promise<TrainingResult> {
  const trainer = new RedqTrainer(config, posterior);
  try {
    return await runLearner({ learner: trainer, config, io });
  } finally {
    trainer.dispose();
  }
}

class RedqTrainer implements Learner<typeof REDQ_METRICS> {
  readonly kind = 'redq-training';
  readonly label = 'design policy';
  readonly metrics = REDQ_METRICS;
  readonly shown = ['loss/critic', 'policy/entropy', 'collect/gain'] as const;
  readonly steps: number;
  readonly length = { option: 'learner.iterations' };
  readonly schedule: Learner<typeof REDQ_METRICS>['schedule'];
  readonly #config: ExperimentWith<RedqConfig>;
  readonly #stream: RandomStream;
  readonly #channels: number;
  readonly #env: VectorDesignEnv;
  readonly #validation: PolicyValidation;
  readonly #learner: RedqLearner;
  readonly #replay: EpisodeReplay;

  constructor(config: ExperimentWith<RedqConfig>, posterior: GraphPosterior) {
    const { learner: training, environment } = config;
    if (training.targetSubset > training.critics)
      throw new CausalPilotError(
        'E_CONFIG',
        `learner.targetSubset: ${training.targetSubset} critics cannot be drawn from learner.critics = ${training.critics}; lower it`,
      );
    checkLearningStarts(training, environment.budget);
    this.#config = config;
    this.#stream = new RandomStream(`policy/${config.seed}`);
    this.#channels = actionChannels(environment.interventionKind);
    this.#env = VectorDesignEnv.fromConfig(environment, posterior);
    const { systems, mode } = training.validation;
    this.#validation = new PolicyValidation(environment, posterior, {
      systems,
      mode,
      stream: this.#stream.child('validation'),
    });
    const { initialRows, budget, rowsPerExperiment } = environment;
    const layout = { size: this.#env.size, initialRows, budget, rowsPerExperiment, channels: this.#channels };
    this.#replay = new EpisodeReplay(layout, replayEpisodes(training, budget));
    this.#learner = new RedqLearner({
      config: training,
      policy: config.policy,
      critic: training.critic,
      channels: this.#channels,
      stream: this.#stream.child('weights'),
    });
    this.steps = training.iterations;
    this.schedule = { logEvery: 1, validateEvery: training.validation.every, saveEvery: training.saveEvery };
  }

  async step(iteration: number) {
    const { learner: training } = this.#config;
    const collected = this.#collect(iteration);
    const targetEntropy = this.#targetEntropy(iteration);
    const canLearn = this.#replay.transitions >= training.learningStarts;
    const updates = canLearn ? this.#update(iteration, targetEntropy) : { metrics: {}, gradientSteps: 0 };
    const finalMean = meanOf(collected.finalPotentials);
    return {
      gradientSteps: updates.gradientSteps,
      metrics: {
        ...updates.metrics,
        'policy/targetEntropy': targetEntropy,
        'policy/temperature': this.#learner.temperature,
        'collect/return': finalMean,
        'collect/gain': finalMean - meanOf(collected.startPotentials),
        'replay/transitions': this.#replay.transitions,
      },
    };
  }

  async validate() {
    return this.#validation.run(this.#learner.policy);
  }

  model() {
    return this.#learner.policy.parameters.toArrays();
  }

  async saveModel(folder: string, card: LearnedCard): Promise<void> {
    const { environment, seed } = this.#config;
    await savePolicy(folder, this.#learner.policy, { ...card, environment, seed });
  }

  state() {
    return { weights: this.#learner.toArrays(), ...this.#replay.toParts() };
  }

  restore(parts: Parameters<EpisodeReplay['load']>[0], source: string): void {
    this.#learner.load(parts.weights ?? new Map(), source);
    this.#replay.load(parts, source);
  }

  dispose(): void {
    this.#learner.dispose();
  }

  #collect(iteration: number): CollectedEpisodes {
    const { learner: training } = this.#config;
    const streams = Array.from({ length: training.episodesPerIteration }, (_, k) =>
      this.#stream.child('episode', iteration * training.episodesPerIteration + k),
    );
    const isWarmUp = this.#replay.transitions < training.learningStarts;
    const collected = collectEpisodes(this.#env, {
      streams,
      // A new policy that chooses target sets is close to uniform over them, which uniform numbers would not be.
      policy: isWarmUp && this.#learner.policy.head.hasGaussianSwitch ? undefined : this.#learner.policy,
    });
    for (const episode of collected.episodes)
      this.#replay.add({ ...episode, rewards: episode.rewards.map((reward) => training.rewardScale * reward) });
    return collected;
  }

  #update(iteration: number, targetEntropy: number) {
    const { batchSize } = this.#config.learner;
    const reports = { critics: [] as CriticMetrics[], policy: [] as PolicyMetrics[] };
    const steps = this.#gradientSteps(iteration, targetEntropy, reports);
    const minibatch = (index: number) => steps[index] && this.#replay.sample(batchSize, steps[index].stream);
    let batch = minibatch(0);
    steps.forEach(({ start }, index) => {
      const finish = start(batch!);
      // Where a device does the step, the next minibatch is gathered meanwhile.
      batch = minibatch(index + 1);
      finish();
    });
    const metrics = {
      'loss/critic': meanOf(reports.critics.map(({ loss }) => loss)),
      'loss/policy': meanOf(reports.policy.map(({ loss }) => loss)),
      'critic/target': meanOf(reports.critics.map(({ meanValue }) => meanValue)),
      'critic/gradientNorm': reports.critics.at(-1)?.gradientNorm ?? 0,
      'policy/entropy': -meanOf(reports.policy.map(({ meanLogProbability }) => meanLogProbability)),
      'policy/gradientNorm': reports.policy.at(-1)?.gradientNorm ?? 0,
    };
    return { metrics, gradientSteps: steps.length };
  }

  /** The steps of an iteration in order; `start` launches one, and what it returns waits for it and reports. */
  #gradientSteps(
    iteration: number,
    targetEntropy: number,
    reports: { readonly critics: CriticMetrics[]; readonly policy: PolicyMetrics[] },
  ): { readonly stream: RandomStream; start(batch: TransitionBatch): () => void }[] {
    const { updatesPerIteration, criticUpdatesPerPolicyUpdate } = this.#config.learner;
    const criticStep = (stream: RandomStream) => ({
      stream,
      start: (batch: TransitionBatch) => {
        const finish = this.#learner.startCriticUpdate(batch, stream);
        return () => reports.critics.push(finish());
      },
    });
    const policyStep = (stream: RandomStream) => ({
      stream,
      start: (batch: TransitionBatch) => {
        const finish = this.#learner.startPolicyUpdate(batch, targetEntropy, stream);
        return () => reports.policy.push(finish());
      },
    });
    return Array.from({ length: updatesPerIteration }, (_, update) => {
      const stream = this.#stream.child('iteration', iteration, 'update', update);
      const repeats = Array.from({ length: criticUpdatesPerPolicyUpdate }, (_, repeat) => repeat);
      return [
        ...repeats.map((repeat) => criticStep(stream.child('critic', repeat))),
        policyStep(stream.child('policy')),
      ];
    }).flat();
  }

  /** Falls linearly from -(number of action numbers), as published, unless a share of the largest entropy is asked for. */
  #targetEntropy(iteration: number): number {
    const { targetEntropyPerNumber, targetEntropyDecay, targetEntropyShare } = this.#config.learner.temperature;
    const { head } = this.#learner.policy;
    if (targetEntropyShare !== undefined) return targetEntropyShare * head.maximumEntropy(this.#env.size);
    return targetEntropyPerNumber * head.numbersIn(this.#env.size) - targetEntropyDecay * iteration;
  }
}
