import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../../core/causal/graph.js';
import { type Intervention, knockout } from '../../../../core/causal/intervention.js';
import type { DesignStrategy, GoalContext } from '../../../../models/design-strategy.js';
import { knockoutScreen } from '../../../../src/evaluation/goal/knockout-screen.js';
import { ScreenTask } from '../../../../src/evaluation/goal/screen-task.js';
import { createGoalStrategies } from '../../../../src/evaluation/strategies/registry.js';
import { linearScreen, screenStudy } from './screens.js';

const GENES = 3;
const METRICS = ['meanDistance', 'found', 'predictionError'];
const table = linearScreen(GENES, 30);
const cellsOf = (label: string) =>
  Float64Array.from(
    table.labels.flatMap((own, row) => (own === label ? [...table.values.slice(row * GENES, (row + 1) * GENES)] : [])),
  );
const screen = knockoutScreen({
  genes: table.genes,
  control: cellsOf('control'),
  knockouts: table.genes.map(cellsOf),
});
/** g0 -> g1 -> g2 and g0 -> g2. */
const graph = CausalGraph.fromEdges(GENES, [
  [0, 1],
  [0, 2],
  [1, 2],
]);
const study = screenStudy('cells.csv', { budget: 4, rows: 5, warmUpCells: 30, runs: 2 });
const task = (goal: number, overrides: object = {}) =>
  new ScreenTask({ study: { ...study, ...overrides }, screen, graph, goal });

/** Performs the same listed genes in every run and keeps what it was shown. */
function scripted(genes: readonly number[]) {
  const contexts: GoalContext[] = [];
  /** [step][run][rows so far] */
  const rows: Float32Array[][] = [];
  const strategy: DesignStrategy<GoalContext> = {
    name: 'scripted',
    tasks: ['goal'],
    knowledge: ['graph'],
    propose: (context) => {
      contexts.push(context);
      rows.push(context.histories.map(({ values }) => Float32Array.from(values)));
      return context.histories.map((): Intervention => knockout(GENES, [genes[context.step]!]));
    },
  };
  return { strategy, contexts, rows };
}

const squared = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
/** Cells [n][p] as a set of texts, in the units of a history. */
const keys = (cells: ArrayLike<number>) =>
  Array.from({ length: cells.length / GENES }, (_, row) =>
    Array.from({ length: GENES }, (_, i) => Math.fround(cells[row * GENES + i]!)).join(),
  );
const inUnits = (cells: Float64Array) => keys(cells.map((value) => value / screen.unit));

describe('what is shown', () => {
  test('control cells to begin with, then cells of the knockout that was chosen, none of them twice', () => {
    const { strategy, contexts, rows } = scripted([1, 2, 1, 1]);
    task(0).prepare(0, 2).run(strategy);
    expect(contexts.map(({ interventionKind, step }) => [interventionKind, step])).toEqual(
      [0, 1, 2, 3].map((step) => ['knockout', step]),
    );
    const populations = screen.knockouts.map(({ cells }) => inUnits(cells));
    for (const run of [0, 1]) {
      const seen = keys(rows[3]![run]!);
      expect(seen).toHaveLength(30 + 3 * 5);
      for (const cell of seen.slice(0, 30)) expect(inUnits(screen.control.cells)).toContain(cell);
      for (const [experiment, gene] of [1, 2, 1].entries())
        for (const cell of seen.slice(30 + 5 * experiment, 35 + 5 * experiment))
          expect(populations[gene]).toContain(cell);
      expect(new Set(seen).size).toBe(45);
      const { targets } = contexts[3]!.histories[run]!;
      expect([...targets.subarray(30 * GENES, 31 * GENES)]).toEqual([0, 1, 0]);
      expect([...targets.subarray(35 * GENES, 36 * GENES)]).toEqual([0, 0, 1]);
    }
  });

  test('runs draw other cells; a run is named by its number and the seed alone', () => {
    const last = (first: number, count: number, overrides: object = {}) => {
      const { strategy, rows } = scripted([1, 2, 1, 1]);
      task(0, overrides).prepare(first, count).run(strategy);
      return rows[3]!.map((values) => values.join());
    };
    const together = last(0, 3);
    expect(new Set(together).size).toBe(3);
    expect(last(2, 1)).toEqual([together[2]]);
    expect(last(2, 1, { seed: study.seed + 1 })).not.toEqual([together[2]]);
  });

  test('every knockout has cells of its own order', () => {
    // Drawn in one order, cell number k of one population would always come with number k of the others.
    const { strategy, rows } = scripted([0, 1, 2, 0]);
    task(0).prepare(0, 1).run(strategy);
    const seen = keys(rows[3]![0]!).slice(30);
    const places = [0, 1, 2].map((gene) =>
      seen.slice(5 * gene, 5 * gene + 5).map((cell) => inUnits(screen.knockouts[gene]!.cells).indexOf(cell)),
    );
    for (const own of places) expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
    expect(places[0]).not.toEqual(places[1]);
    expect(places[1]).not.toEqual(places[2]);
  });

  test('the goal is the measured mean of its knockout; what was tried are the shifts that stand for the knockouts', () => {
    const { strategy, contexts } = scripted([1, 2, 1, 1]);
    task(2).prepare(0, 1).run(strategy);
    const { goalMean, feasible, tried, rows } = contexts[3]!.goals[0]!;
    expect([...goalMean]).toEqual([...screen.knockouts[2]!.mean]);
    expect(feasible).toEqual({ kind: 'finite', candidates: screen.candidates });
    // The list grows with the run, to its end.
    expect(tried).toEqual([1, 2, 1, 1].map((gene) => screen.candidates[gene]));
    expect(rows).toBe(5);
  });
});

describe('figures', () => {
  test('name the knockout predicted nearest to the goal: its measured distance, whether it is the goal, and the error there', () => {
    const { strategy, contexts } = scripted([1, 2, 1, 1]);
    const goal = 1;
    const figures = task(goal).prepare(0, 2).run(strategy);
    const width = METRICS.length;
    expect(figures).toHaveLength(2 * 5 * width);
    const { mean: goalMean } = screen.knockouts[goal]!;
    for (const run of [0, 1]) {
      // The regression of the last context has taken in the last experiment since.
      const predicted = screen.candidates.map((shift) =>
        squared(contexts[3]!.regressions![run]!.plugInMean(shift, new Float64Array(GENES)), goalMean),
      );
      const chosen = predicted.indexOf(Math.min(...predicted));
      const [distance, found, error] = figures.subarray((run * 5 + 4) * width, (run * 5 + 5) * width);
      expect(distance).toBeCloseTo(squared(screen.knockouts[chosen]!.mean, goalMean), 10);
      expect(found).toBe(chosen === goal ? 1 : 0);
      expect(error).toBeCloseTo(predicted[goal]!, 10);
    }
    // Both runs learned, and not the same.
    expect(figures[2]).not.toBe(figures[5 * width + 2]);
    expect(figures[2]).not.toBe(figures[4 * width + 2]);
  });

  test('a found goal is at distance 0; the wrong one never is', () => {
    for (const goal of [0, 1, 2]) {
      const figures = task(goal)
        .prepare(0, 4)
        .run(createGoalStrategies(['greedy'])[0]!);
      for (let cell = 0; cell < 4 * 5; cell++) {
        const [distance, found] = figures.subarray(3 * cell);
        if (found === 1) expect(distance).toBe(0);
        else expect(distance).toBeGreaterThan(0);
      }
    }
  });
});

test('variances are held at what the warm-up said unless the study leaves them unknown', () => {
  const variances = (noise: string) => {
    const { strategy, contexts } = scripted([1, 2, 1, 1]);
    const perStep: number[][] = [];
    const watching: DesignStrategy<GoalContext> = {
      ...strategy,
      propose: (context) => {
        perStep.push([0, 1, 2].map((i) => context.regressions![0]!.noiseVariance(i)));
        return strategy.propose(context);
      },
    };
    task(0, { noise }).prepare(0, 1).run(watching);
    expect(contexts[0]!.graphs).toEqual([graph]);
    return perStep;
  };
  const [held, unknown] = [variances('held'), variances('unknown')];
  expect(held[3]).toEqual(held[0]);
  expect(unknown[3]).not.toEqual(unknown[0]);
});

test('knockouts of none or of two genes are refused', () => {
  const choosing = (genes: number[]): DesignStrategy<GoalContext> => ({
    name: 'fixed',
    tasks: ['goal'],
    knowledge: [],
    propose: () => [knockout(GENES, genes)],
  });
  for (const genes of [[], [0, 2]])
    expect(() => task(0).prepare(0, 1).run(choosing(genes))).toThrow('the screen holds knockouts of exactly one gene');
});

test('is called by the gene that is wanted', () => {
  expect(task(2)).toMatchObject({ kind: 'goal', environment: 'goal: g2 knockout', rounds: 4, metrics: METRICS });
});
