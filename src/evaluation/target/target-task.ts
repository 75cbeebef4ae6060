import type { CausalGraph } from '../../../core/causal/graph.js';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { History } from '../../../core/causal/history.js';
import { type Intervention, observe } from '../../../core/causal/intervention.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import { misspecify } from '../../../envs/target/misspecified-graph.js';
import {
  meanUnderShift,
  sampleTargetInstance,
  shiftOf,
  type TargetInstance,
} from '../../../envs/target/target-instance.js';
import { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { project, UNIT_BALL } from '../../../models/civ/feasible-set.js';
import { PUBLISHED_SEARCH, THOROUGH_SEARCH } from '../../../models/civ/minimise-acquisition.js';
import { mostProbableDag } from '../../../models/civ/most-probable-dag.js';
import type { TargetState } from '../../../models/civ/propose-shift.js';
import type { EvaluationTask, TaskBatch } from '../harness/task.js';
import type { DesignStrategy } from '../strategy.js';
import type { SyntheticStudyConfig, TargetSettingConfig } from './target-study-config.js';

// Shapes: K runs played at once, T experiments, p variables.

/**
 * After every experiment, with a_t = (I - E[B]) mu* and mu_t the true mean under a_t: |mu_t - mu*| / |mu*|, |a_t - a*|^2, and the
 * squared distance of the shift just performed to a*.
 */
export const TARGET_METRICS = ['relativeDistance', 'squaredDistance', 'proposalDistance'] as const;

export interface TargetTaskOptions {
  readonly study: SyntheticStudyConfig;
  readonly setting: TargetSettingConfig;
  /** Learns the graph after every experiment instead of being told it; needs initial rows. */
  readonly graphPosterior?: GraphPosterior;
}

/** Reach a target mean on synthetic linear systems. A system is one instance; its figures are means over the runs. */
export class TargetTask implements EvaluationTask {
  readonly kind = 'target';
  readonly environment: string;
  readonly metrics = TARGET_METRICS;
  readonly rounds: number;
  readonly #options: TargetTaskOptions;

  constructor(options: TargetTaskOptions) {
    this.environment = options.setting.name;
    this.rounds = options.study.budget;
    this.#options = options;
    if (options.graphPosterior !== undefined && options.study.initialRows === 0)
      throw new CausalPilotError(
        'E_CONFIG',
        'initialRows: a graph posterior needs observations to start from; give at least 1',
      );
  }

  prepare(first: number, count: number): TaskBatch {
    const systems = Array.from({ length: count }, (_, k) => this.#system(first + k));
    return { run: (strategy) => this.#run(strategy, systems) };
  }

  #system(index: number): TargetSystem {
    const { study, setting } = this.#options;
    const stream = new RandomStream(`target/${study.seed}/system/${index}`);
    const instanceStream = study.sharedInstance ? new RandomStream(`target/${study.seed}/system/0`) : stream;
    const instance = sampleTargetInstance(setting.instance, instanceStream);
    const { graph } = instance.model;
    const knownGraph =
      setting.misspecification === undefined
        ? graph
        : misspecify(graph, setting.misspecification, instanceStream.child('misspecification'));
    return { instance, knownGraph, stream };
  }

  #run(strategy: DesignStrategy, systems: readonly TargetSystem[]): Float64Array {
    const { study, graphPosterior } = this.#options;
    const figures = new Float64Array(systems.length * (study.budget + 1) * TARGET_METRICS.length);
    const episodes = systems.flatMap((system) =>
      Array.from({ length: study.runs }, (_, run) => new TargetEpisode(system, run, study)),
    );
    const record = (round: number): void => {
      for (const [index, episode] of episodes.entries()) {
        const offset = (Math.floor(index / study.runs) * (study.budget + 1) + round) * TARGET_METRICS.length;
        episode.measure().forEach((figure, metric) => {
          figures[offset + metric]! += figure / study.runs;
        });
      }
    };
    if (graphPosterior !== undefined) relearnGraphs(episodes, graphPosterior);
    record(0);
    for (let step = 0; step < study.budget; step++) {
      const streams = episodes.map(({ stream }) => stream.child('strategy', strategy.name, step));
      const interventions = strategy.propose({
        histories: episodes.map(({ history }) => history),
        step,
        budget: study.budget,
        interventionKind: 'shift',
        valueRange: 1,
        streams,
        goals: episodes.map(({ state }) => state),
        ...(strategy.knowledge.includes('graph') ? { graphs: episodes.map(({ system }) => system.knownGraph) } : {}),
      });
      for (const [index, episode] of episodes.entries()) episode.perform(interventions[index]!, step);
      if (graphPosterior !== undefined) relearnGraphs(episodes, graphPosterior);
      record(step + 1);
    }
    return figures;
  }
}

interface TargetSystem {
  readonly instance: TargetInstance;
  /** The graph that the regressions use. */
  readonly knownGraph: CausalGraph;
  readonly stream: RandomStream;
}

interface Experiment {
  readonly samples: Float32Array;
  readonly shift: Float64Array;
}

/** One run on one system: the data so far and what they say about the weights. */
class TargetEpisode {
  readonly history: History;
  /** Names the strategy's randomness; the noise of an experiment is the same for every strategy. */
  readonly stream: RandomStream;
  readonly #study: SyntheticStudyConfig;
  readonly #experiments: Experiment[] = [];
  readonly #tried: Float64Array[] = [];
  #posterior: DagRegressionPosterior;

  constructor(
    readonly system: TargetSystem,
    run: number,
    study: SyntheticStudyConfig,
  ) {
    const { model } = system.instance;
    this.stream = system.stream.child('run', run);
    this.#study = study;
    this.history = new History(model.size, study.initialRows + study.budget * study.rows);
    this.#posterior = this.#priorOn(system.knownGraph);
    const initial = observe(model.size);
    const samples = model.sample(initial, study.initialRows, this.stream.child('initial'));
    this.#record({ samples, shift: new Float64Array(model.size) }, initial);
  }

  get state(): TargetState {
    return {
      posterior: this.#posterior,
      targetMean: this.system.instance.targetMean,
      feasible: UNIT_BALL,
      rows: this.#study.rows,
      tried: this.#tried,
      effort: this.#study.search === 'published' ? PUBLISHED_SEARCH : THOROUGH_SEARCH,
    };
  }

  /** Carries out a shift or an observation; a shift longer than 1 is shortened. */
  perform(intervention: Intervention, step: number): void {
    const { model } = this.system.instance;
    if (intervention.kind !== 'shift' && intervention.kind !== 'none')
      throw new CausalPilotError('E_INPUT', `the target task takes shifts, got an intervention '${intervention.kind}'`);
    const { targets, values } = intervention;
    const wanted = Float64Array.from(targets, (flag, i) => (flag === 1 ? values![i]! : 0));
    const performed = shiftOf(project(UNIT_BALL, wanted));
    const shift = Float64Array.from(performed.values!);
    const samples = model.sample(performed, this.#study.rows, this.stream.child('noise', step));
    this.#tried.push(shift);
    this.#record({ samples, shift }, performed);
  }

  /** Regresses all data again on another graph. */
  adopt(graph: CausalGraph): void {
    if (graph.adjacency.every((edge, entry) => edge === this.#posterior.graph.adjacency[entry])) return;
    this.#posterior = this.#priorOn(graph);
    for (const { samples, shift } of this.#experiments) this.#posterior.update(samples, shift);
  }

  /** The figures of `TARGET_METRICS`; NaN for the last one before the first shift. */
  measure(): number[] {
    const { model, targetMean, optimalShift } = this.system.instance;
    const estimate = this.#posterior.estimatedShift(targetMean);
    const mean = meanUnderShift(model, estimate);
    const last = this.#tried.at(-1);
    return [
      Math.sqrt(squaredDistance(mean, targetMean)) / Math.hypot(...targetMean),
      squaredDistance(estimate, optimalShift),
      last === undefined ? Number.NaN : squaredDistance(last, optimalShift),
    ];
  }

  #priorOn(graph: CausalGraph): DagRegressionPosterior {
    const { noise } = this.system.instance.model;
    if (noise.kind === 'heteroskedastic')
      throw new CausalPilotError('E_STATE', 'the target task needs noise of known, constant variances');
    const variances = noise.scales.map((scale) => scale * scale);
    return new DagRegressionPosterior({ graph, noise: { kind: 'known', variances } });
  }

  #record(experiment: Experiment, intervention: Intervention): void {
    this.#experiments.push(experiment);
    this.history.append(experiment.samples, intervention);
    this.#posterior.update(experiment.samples, experiment.shift);
  }
}

function relearnGraphs(episodes: readonly TargetEpisode[], graphPosterior: GraphPosterior): void {
  const probabilities = graphPosterior.edgeProbabilities(episodes.map(({ history }) => history));
  for (const [index, episode] of episodes.entries()) {
    const { size } = episode.history;
    const entries = probabilities.subarray(index * size * size, (index + 1) * size * size);
    episode.adopt(mostProbableDag(entries, size));
  }
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
