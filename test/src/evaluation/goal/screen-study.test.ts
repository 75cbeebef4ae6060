import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interveneWhereNonZero, knockout, observe } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { SergioConfig } from '../../../../envs/sergio/config.js';
import { GeneNetworkPrior } from '../../../../envs/sergio/gene-network-prior.js';
import type { CellTable } from '../../../../src/data/cell-table.js';
import { ScreenStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';
import { drawCells, knockoutScreen } from '../../../../src/evaluation/goal/knockout-screen.js';
import { runScreenStudy } from '../../../../src/evaluation/goal/run-screen-study.js';
import { measure, randomSystem } from '../../../models/civ/systems.js';

const stream = new RandomStream('screen-study');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-screen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A screen that the model describes exactly: a linear system about a mean of 3, knockouts as shifts by -3. */
function linearScreen(size: number, cellsEach: number): CellTable {
  const system = randomSystem(stream.child('linear', size), size, 0.6);
  const genes = Array.from({ length: size }, (_, i) => `g${i}`);
  const values: number[] = [];
  const perturbations: string[] = [];
  for (const [label, target, cells] of [
    ['control', -1, 400] as const,
    ...genes.map((gene, i) => [gene, i, cellsEach] as const),
  ]) {
    const shift = Float64Array.from(genes, (_, i) => (i === target ? -3 : 0));
    for (const value of measure(system, shift, { rows: cells, stream: stream.child('cells', label) }))
      values.push(3 + value);
    for (let cell = 0; cell < cells; cell++) perturbations.push(label);
  }
  return { genes, values: Float32Array.from(values), perturbations };
}

function writeCsv(name: string, { genes, values, perturbations }: CellTable): string {
  const lines = perturbations.map((label, cell) =>
    [...values.subarray(cell * genes.length, (cell + 1) * genes.length), label].join(','),
  );
  const path = join(folder, name);
  writeFileSync(path, [[...genes, 'perturbation'].join(','), ...lines].join('\n'));
  return path;
}

const study = (file: string, extra: Record<string, unknown> = {}) =>
  ScreenStudyConfig.parse({
    study: 'screen',
    file,
    runs: 12,
    budget: 6,
    rows: 5,
    warmUpCells: 30,
    strategies: ['civ', 'greedy'],
    bootstrapSamples: 200,
    ...extra,
  });

describe('runScreenStudy', () => {
  test('on cells that the model describes, the goal is found and its distance falls to zero', async () => {
    const file = writeCsv('linear.csv', linearScreen(5, 60));
    const summary = await runScreenStudy({ study: study(file, { goals: ['g0', 'g2'] }) });
    const at = (strategy: string, metric: string, round: number) =>
      summary!.results
        .filter((row) => row.strategy === strategy && row.metric === metric && row.round === round)
        .map(({ mean }) => mean!);
    expect(new Set(summary!.results.map(({ environment }) => environment))).toEqual(
      new Set(['goal: g0 knockout', 'goal: g2 knockout']),
    );
    for (const strategy of ['civ', 'greedy', 'random-shift']) {
      expect(Math.min(...at(strategy, 'found', 6))).toBeGreaterThan(0.9);
      expect(Math.max(...at(strategy, 'meanDistance', 6))).toBeLessThan(0.5);
      const [before, after] = [at(strategy, 'predictionError', 0), at(strategy, 'predictionError', 6)];
      // A goal without measured descendants is predicted as well before as after.
      expect(Math.max(...after)).toBeLessThan(Math.max(...before));
      for (const [index, error] of after.entries()) expect(error).toBeLessThanOrEqual(before[index]!);
      expect(at(strategy, 'found', 0)).toEqual(at('civ', 'found', 0));
    }
    expect(await runScreenStudy({ study: study(file), interrupted: () => true })).toBeUndefined();
  });

  test('a SERGIO screen runs through every criterion, the same twice', async () => {
    const config = SergioConfig.parse({ kind: 'sergio', variables: 5, platform: 'none' });
    const model = new GeneNetworkPrior(config).sample(stream.child('network'));
    const genes = Array.from({ length: 5 }, (_, i) => `G${i}`);
    const parts = [
      { label: 'control', cells: model.sample(observe(5), 200, stream.child('control')) },
      ...genes.map((label, i) => ({ label, cells: model.sample(knockout(5, [i]), 20, stream.child('knockout', i)) })),
    ];
    const table: CellTable = {
      genes,
      values: Float32Array.from(parts.flatMap(({ cells }) => [...cells])),
      perturbations: parts.flatMap(({ label, cells }) => new Array<string>(cells.length / 5).fill(label)),
    };
    const options = study(writeCsv('sergio.csv', table), {
      strategies: ['civ', 'civ-ow', 'cv', 'maxv', 'greedy', 'ei', 'mi', 'ucb'],
      runs: 2,
      goals: ['G3'],
    });
    const [first, second] = [await runScreenStudy({ study: options }), await runScreenStudy({ study: options })];
    expect(second).toEqual(first);
    const unknown = await runScreenStudy({ study: { ...options, noise: 'unknown' } });
    expect(unknown!.results.length).toBe(first!.results.length);
    for (const row of unknown!.results) expect(Number.isFinite(row.mean)).toBe(true);
    for (const row of first!.results) expect(Number.isFinite(row.mean)).toBe(true);
  });

  test('what cannot be used is refused', async () => {
    const file = writeCsv('small.csv', linearScreen(3, 5));
    const run = (extra: Record<string, unknown>) => runScreenStudy({ study: study(file, extra) });
    await expect(run({ goals: ['g9'] })).rejects.toThrow(
      "goals: 'g9' is not among the genes of the screen: g0, g1, g2",
    );
    await expect(run({ control: 'none' })).rejects.toThrow(
      "none is labelled 'none' (control); the labels are control, g0",
    );
    await expect(run({ genes: ['x'] })).rejects.toThrow("there is no gene 'x' in the table");
    await expect(run({ strategies: ['observational'] })).rejects.toThrow();
    const constant = linearScreen(3, 5);
    constant.values.forEach((_, entry) => {
      if (entry % 3 === 1) constant.values[entry] = 2;
    });
    const flat = writeCsv('flat.csv', constant);
    await expect(runScreenStudy({ study: study(flat) })).rejects.toThrow(
      "gene 'g1' does not vary among 30 control cells",
    );
  });
});

describe('knockoutScreen', () => {
  const table: CellTable = {
    genes: ['A', 'B', 'C'],
    values: Float32Array.of(1, 2, 9, 3, 4, 9, 0, 5, 9, 2, 0, 9),
    perturbations: ['control', 'control', 'A', 'B'],
  };

  test('populations are centred on the control mean; candidates take the gene to zero', () => {
    const screen = knockoutScreen(table, { control: 'control' });
    expect(screen.genes).toEqual(['A', 'B']);
    expect([...screen.control.mean]).toEqual([0, 0]);
    expect([...screen.knockouts[0]!.mean]).toEqual([-2, 2]);
    expect(screen.candidates.map((candidate) => [...candidate])).toEqual(
      [
        [-2, -0],
        [0, -3],
      ].map((row) => row.map((value) => value + 0)),
    );
    expect(interveneWhereNonZero('shift', screen.candidates[1]!).targets).toEqual(Uint8Array.of(0, 1));
    expect(() => knockoutScreen(table, { control: 'control', genes: ['C'] })).toThrow(
      "gene 'C' is knocked out in no cell",
    );
    const unlabelled = { ...table, perturbations: ['control', 'control', 'x', 'y'] };
    expect(() => knockoutScreen(unlabelled, { control: 'control' })).toThrow('no label names a gene of the table');
  });

  test('cells are drawn without repetition while there are enough', () => {
    const { control } = knockoutScreen(table, { control: 'control' });
    const two = drawCells(control, 2, stream.child('two'));
    expect(new Set([two[0], two[2]])).toEqual(new Set([-1, 1]));
    expect(drawCells(control, 5, stream.child('five'))).toHaveLength(10);
  });
});
