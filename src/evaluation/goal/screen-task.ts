import type { CausalGraph } from '../../../core/causal/graph.js';
import { History } from '../../../core/causal/history.js';
import { type Intervention, knockout, observe } from '../../../core/causal/intervention.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { THOROUGH_SEARCH } from '../../../models/civ/minimise-acquisition.js';
import type { Goal } from '../../../models/civ/propose-shift.js';
import { squaredDistance } from '../../../models/civ/squared-distance.js';
import type { DesignStrategy, GoalContext } from '../../../models/design-strategy.js';
import { type EpisodeGroup, playEpisodes } from '../../../models/play-episodes.js';
import type { EvaluationTask, TaskBatch } from '../harness/task.js';
import { CellDeck } from './cell-deck.js';
import type { ScreenStudyConfig } from './goal-study-config.js';
import type { KnockoutScreen } from './knockout-screen.js';

/**
 * After every experiment the knockout whose predicted mean is nearest to the goal is named: squared distance of its measured
 * mean to the goal mean, and whether it is the goal's own knockout (0 or 1). Then how well the effect of that one is
 * known: squared distance of the mean predicted for it to the goal mean.
 */
const SCREEN_METRICS = ['meanDistance', 'found', 'predictionError'] as const;

export interface ScreenTaskOptions {
  readonly study: ScreenStudyConfig;
  readonly screen: KnockoutScreen;
  readonly graph: CausalGraph;
  /** Index of the knockout whose population is to be reached. */
  readonly goal: number;
}

/** Find the knockout that brings about the mean of a wanted population, on measured cells. A system is one run. */
export class ScreenTask implements EvaluationTask<GoalContext> {
  readonly kind = 'goal';
  readonly environment: string;
  readonly metrics = SCREEN_METRICS;
  readonly rounds: number;
  readonly #options: ScreenTaskOptions;

  constructor(options: ScreenTaskOptions) {
    this.environment = `goal: ${options.screen.genes[options.goal]!} knockout`;
    this.rounds = options.study.budget;
    this.#options = options;
  }

  prepare(first: number, count: number): TaskBatch<GoalContext> {
    return { run: (strategy) => this.#run(strategy, first, count) };
  }

  #run(strategy: DesignStrategy<GoalContext>, first: number, count: number): Float64Array {
    const { study } = this.#options;
    const perRun = (study.budget + 1) * SCREEN_METRICS.length;
    const figures = new Float64Array(count * perRun);
    const runs = Array.from({ length: count }, (_, k) => new ScreenRun(this.#options, first + k));
    const record = (round: number): void => {
      for (const [k, run] of runs.entries()) figures.set(run.measure(), k * perRun + round * SCREEN_METRICS.length);
    };
    const group: EpisodeGroup<GoalContext> = {
      budget: study.budget,
      view: () => ({
        histories: runs.map(({ history }) => history),
        interventionKind: 'knockout',
        valueRange: 1,
        goals: runs.map(({ goal }) => goal),
        graphs: runs.map(() => this.#options.graph),
        regressions: runs.map(({ regression }) => regression),
      }),
      perform: (interventions) => {
        for (const [k, run] of runs.entries()) run.perform(interventions[k]!);
      },
    };
    playEpisodes(group, strategy, { streams: runs.map(({ stream }) => stream), watch: record });
    return figures;
  }
}

/**
 * One run: a regression on the learned graph, started from warm-up control cells with unknown variances (inverse gamma with
 * shape 2, scale 0), whose means then stand in for the variances, as published, unless the study says otherwise.
 */
class ScreenRun {
  readonly history: History;
  readonly stream: RandomStream;
  readonly #options: ScreenTaskOptions;
  readonly #posterior: DagRegressionPosterior;
  readonly #tried: Float64Array[] = [];
  /** [p]: cells of each knockout that this run has not measured yet. */
  readonly #decks: readonly CellDeck[];

  constructor(options: ScreenTaskOptions, index: number) {
    const { study, screen, graph } = options;
    const size = screen.genes.length;
    this.#options = options;
    this.stream = new RandomStream(`target/${study.seed}/run/${index}`);
    this.history = new History(size, study.warmUpCells + study.budget * study.rows);
    const warmUp = new CellDeck(screen.control, this.stream.child('warm-up')).draw(study.warmUpCells);
    this.#decks = screen.knockouts.map(
      (population, i) => new CellDeck(population, this.stream.child('cells', screen.genes[i]!)),
    );
    // Deviation (docs/goal-task.md): the prior of the weights, published for values of order 1, is in units of the control cells.
    const priorVariance = 1 / screen.unit ** 2;
    const posterior = new DagRegressionPosterior({
      graph,
      noise: { kind: 'unknown', shape: 2, scale: 0 },
      priorVariance,
    });
    posterior.update(warmUp, new Float64Array(size));
    // Cells that are all alike in a gene that is rarely seen say nothing of its noise; those of the whole screen do.
    for (const [variable, variance] of screen.variances.entries())
      if (!(posterior.noiseVariance(variable) > 0)) posterior.assumeNoiseVariance(variable, variance);
    this.#posterior = study.noise === 'held' ? posterior.withNoiseHeld() : posterior;
    this.#append(warmUp, observe(size));
  }

  get regression(): DagRegressionPosterior {
    return this.#posterior;
  }

  get goal(): Goal {
    const { screen, study } = this.#options;
    return {
      goalMean: this.#goalMean,
      feasible: { kind: 'finite', candidates: screen.candidates },
      rows: study.rows,
      tried: this.#tried,
      effort: THOROUGH_SEARCH,
    };
  }

  get #goalMean(): Float64Array {
    return this.#options.screen.knockouts[this.#options.goal]!.mean;
  }

  /** Takes cells of the one gene that the intervention targets. */
  perform(intervention: Intervention): void {
    const { screen, study } = this.#options;
    const gene = intervention.targets.indexOf(1);
    if (gene === -1 || intervention.targets.indexOf(1, gene + 1) !== -1)
      throw new CausalPilotError(
        'E_INPUT',
        'the screen holds knockouts of exactly one gene; the strategy chose another number',
      );
    const cells = this.#decks[gene]!.draw(study.rows);
    const shift = screen.candidates[gene]!;
    this.#tried.push(shift);
    this.#posterior.update(cells, shift);
    this.#append(cells, knockout(screen.genes.length, [gene]));
  }

  /** What a policy sees is in units of the control cells, so that it decides alike in any unit. */
  #append(cells: Float64Array, intervention: Intervention): void {
    const { unit } = this.#options.screen;
    this.history.append(
      Float32Array.from(cells, (value) => value / unit),
      intervention,
    );
  }

  /** The figures of `SCREEN_METRICS`. */
  measure(): number[] {
    const { screen, goal } = this.#options;
    const predicted = new Float64Array(screen.genes.length);
    const distances = screen.candidates.map((candidate) =>
      squaredDistance(this.#posterior.plugInMean(candidate, predicted), this.#goalMean),
    );
    const chosen = distances.indexOf(Math.min(...distances));
    const distance = squaredDistance(screen.knockouts[chosen]!.mean, this.#goalMean);
    return [distance, chosen === goal ? 1 : 0, distances[goal]!];
  }
}
