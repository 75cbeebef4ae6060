import type { CausalGraph } from '../../../core/causal/graph.js';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { History } from '../../../core/causal/history.js';
import {
  type Intervention,
  interveneWhereNonZero,
  observe,
  validateIntervention,
} from '../../../core/causal/intervention.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import { type GoalInstance, meanUnderShift, sampleGoalInstance } from '../../../envs/goal/goal-instance.js';
import { misspecify } from '../../../envs/goal/misspecified-graph.js';
import { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { project, UNIT_BALL } from '../../../models/civ/feasible-set.js';
import { PUBLISHED_SEARCH, THOROUGH_SEARCH } from '../../../models/civ/minimise-acquisition.js';
import { mostProbableDag } from '../../../models/civ/most-probable-dag.js';
import type { Goal } from '../../../models/civ/propose-shift.js';
import { squaredDistance } from '../../../models/civ/squared-distance.js';
import type { DesignStrategy, GoalContext } from '../../../models/design-strategy.js';
import { type EpisodeGroup, playEpisodes } from '../../../models/play-episodes.js';
import type { EvaluationTask, TaskBatch } from '../harness/task.js';
import type { GoalSettingConfig, SyntheticStudyConfig } from './goal-study-config.js';

// Shapes: K runs played at once, T experiments, p variables.

/**
 * After every experiment, with a_t = (I - E[B]) mu* and mu_t the true mean under a_t: |mu_t - mu*| / |mu*|, |a_t - a*|^2, and the
 * squared distance of the shift just performed to a*.
 */
export const GOAL_METRICS = ['relativeDistance', 'squaredDistance', 'proposalDistance'] as const;

export interface GoalTaskOptions {
  readonly study: SyntheticStudyConfig;
  readonly setting: GoalSettingConfig;
  /** Learns the graph after every experiment instead of being told it; needs initial rows. */
  readonly graphPosterior?: GraphPosterior;
}

/** Reach a goal mean on synthetic linear systems. A system is one instance; its figures are means over the runs. */
export class GoalTask implements EvaluationTask<GoalContext> {
  readonly kind = 'goal';
  readonly environment: string;
  readonly metrics = GOAL_METRICS;
  readonly rounds: number;
  readonly #options: GoalTaskOptions;

  constructor(options: GoalTaskOptions) {
    this.environment = options.setting.name;
    this.rounds = options.study.budget;
    this.#options = options;
    if (options.graphPosterior !== undefined && options.study.initialRows === 0)
      throw new CausalPilotError(
        'E_CONFIG',
        'initialRows: a graph posterior needs observations to start from; give at least 1',
      );
  }

  prepare(first: number, count: number): TaskBatch<GoalContext> {
    const systems = Array.from({ length: count }, (_, k) => this.#system(first + k));
    return { run: (strategy) => this.#run(strategy, systems) };
  }

  #system(index: number): GoalSystem {
    const { study, setting } = this.#options;
    const stream = new RandomStream(`target/${study.seed}/system/${index}`);
    const instanceStream = study.sharedInstance ? new RandomStream(`target/${study.seed}/system/0`) : stream;
    const instance = sampleGoalInstance(setting.instance, instanceStream);
    const { graph } = instance.model;
    const knownGraph =
      setting.misspecification === undefined
        ? graph
        : misspecify(graph, setting.misspecification, instanceStream.child('misspecification'));
    return { instance, knownGraph, stream };
  }

  #run(strategy: DesignStrategy<GoalContext>, systems: readonly GoalSystem[]): Float64Array {
    const { study, graphPosterior } = this.#options;
    const figures = new Float64Array(systems.length * (study.budget + 1) * GOAL_METRICS.length);
    const group = new GoalEpisodes(systems, study, graphPosterior);
    playEpisodes(group, strategy, {
      streams: group.episodes.map(({ stream }) => stream),
      watch: (round) => {
        for (const [index, episode] of group.episodes.entries()) {
          const offset = (Math.floor(index / study.runs) * (study.budget + 1) + round) * GOAL_METRICS.length;
          episode.measure().forEach((figure, metric) => {
            figures[offset + metric]! += figure / study.runs;
          });
        }
      },
    });
    return figures;
  }
}

/** All runs on some systems, played side by side. */
class GoalEpisodes implements EpisodeGroup<GoalContext> {
  readonly episodes: readonly GoalEpisode[];
  readonly budget: number;
  readonly #graphPosterior: GraphPosterior | undefined;

  constructor(systems: readonly GoalSystem[], study: SyntheticStudyConfig, graphPosterior: GraphPosterior | undefined) {
    this.episodes = systems.flatMap((system) =>
      Array.from({ length: study.runs }, (_, run) => new GoalEpisode(system, run, study)),
    );
    this.budget = study.budget;
    this.#graphPosterior = graphPosterior;
    this.#relearnGraphs();
  }

  view() {
    return {
      histories: this.episodes.map(({ history }) => history),
      interventionKind: 'shift' as const,
      valueRange: 1,
      goals: this.episodes.map(({ goal }) => goal),
      graphs: this.episodes.map(({ regression }) => regression.graph),
      regressions: this.episodes.map(({ regression }) => regression),
    };
  }

  perform(interventions: readonly Intervention[], step: number): void {
    for (const [index, episode] of this.episodes.entries()) episode.perform(interventions[index]!, step);
    this.#relearnGraphs();
  }

  /** Where a graph posterior is given, every regression is on its most probable graph. */
  #relearnGraphs(): void {
    if (this.#graphPosterior === undefined) return;
    const probabilities = this.#graphPosterior.edgeProbabilities(this.episodes.map(({ history }) => history));
    for (const [index, episode] of this.episodes.entries()) {
      const { size } = episode.history;
      const entries = probabilities.subarray(index * size * size, (index + 1) * size * size);
      episode.adopt(mostProbableDag(entries, size));
    }
  }
}

interface GoalSystem {
  readonly instance: GoalInstance;
  /** The graph that the regressions use. */
  readonly knownGraph: CausalGraph;
  readonly stream: RandomStream;
}

interface Experiment {
  readonly samples: Float32Array;
  readonly shift: Float64Array;
}

/** One run on one system: the data so far and what they say about the weights. */
class GoalEpisode {
  readonly history: History;
  /** Names the strategy's randomness; the noise of an experiment is the same for every strategy. */
  readonly stream: RandomStream;
  readonly #study: SyntheticStudyConfig;
  readonly #experiments: Experiment[] = [];
  readonly #tried: Float64Array[] = [];
  #posterior: DagRegressionPosterior;

  constructor(
    readonly system: GoalSystem,
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

  get regression(): DagRegressionPosterior {
    return this.#posterior;
  }

  get goal(): Goal {
    return {
      goalMean: this.system.instance.goalMean,
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
      throw new CausalPilotError('E_INPUT', `the goal task takes shifts, got an intervention '${intervention.kind}'`);
    validateIntervention(intervention, model.size, ['shift']);
    const { targets, values = new Float32Array(model.size) } = intervention;
    const wanted = project(
      UNIT_BALL,
      Float64Array.from(targets, (flag, i) => (flag === 1 ? values[i]! : 0)),
    );
    const performed = interveneWhereNonZero('shift', wanted);
    // As it is carried out: in 32 bits.
    const shift = Float64Array.from(wanted, Math.fround);
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

  /** The figures of `GOAL_METRICS`; NaN for the last one before the first shift. */
  measure(): number[] {
    const { model, goalMean, optimalShift } = this.system.instance;
    const estimate = this.#posterior.estimatedShift(goalMean);
    const mean = meanUnderShift(model, estimate);
    const last = this.#tried.at(-1);
    return [
      Math.sqrt(squaredDistance(mean, goalMean)) / Math.hypot(...goalMean),
      squaredDistance(estimate, optimalShift),
      last === undefined ? Number.NaN : squaredDistance(last, optimalShift),
    ];
  }

  #priorOn(graph: CausalGraph): DagRegressionPosterior {
    const { noise } = this.system.instance.model;
    if (noise.kind === 'heteroskedastic')
      throw new CausalPilotError('E_STATE', 'the goal task needs noise of known, constant variances');
    const variances = noise.scales.map((scale) => scale * scale);
    return new DagRegressionPosterior({ graph, noise: { kind: 'known', variances } });
  }

  #record(experiment: Experiment, intervention: Intervention): void {
    this.#experiments.push(experiment);
    this.history.append(experiment.samples, intervention);
    this.#posterior.update(experiment.samples, experiment.shift);
  }
}
