import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { PerturbationScreenConfig } from '../../../../envs/perturbation/config.js';
import { samplePerturbationScreen } from '../../../../envs/perturbation/perturbation-screen.js';
import { measurePredictor } from '../../../../src/evaluation/perturbation/measure.js';
import { runPerturbationStudy, studyTables } from '../../../../src/evaluation/perturbation/run-study.js';
import { PerturbationStudyConfig } from '../../../../src/evaluation/perturbation/study-config.js';

const screen = { variables: 6, graph: { degree: 1 }, compounds: 20, newCompounds: 3, rows: 30, observationalRows: 200 };
const study = PerturbationStudyConfig.parse({ systems: 2, screen, rows: 20 });
const rows = await runPerturbationStudy({ study });

describe('runPerturbationStudy', () => {
  const value = (test: string, predictor: string, metric = 'meanError') =>
    rows!.find((row) => row.test === test && row.predictor === predictor && row.metric === metric)!;

  test('a model that knows graph and features beats what knows neither', () => {
    for (const kind of ['partial', 'full'])
      expect(value(kind, 'gim').mean).toBeLessThan(value(kind, 'no-effect').mean / 2);
  });

  test('graphs are judged where there are any', () => {
    expect(value('full', 'gim', 'shd').mean).toBeLessThan(2);
    expect(value('full', 'gim-true-graph', 'shd').mean).toBe(0);
    expect(value('full', 'nearest', 'shd')).toBeUndefined();
  });

  test('mean and standard error are those of the listed systems', () => {
    const { mean, standardError, values } = value('full', 'nearest');
    expect(values).toHaveLength(2);
    expect(mean).toBeCloseTo((values[0]! + values[1]!) / 2, 12);
    expect(standardError).toBeCloseTo(Math.abs(values[0]! - values[1]!) / 2, 12);
  });

  test('a table has a line for every predictor', () => {
    const [partial] = studyTables(rows!, study);
    expect(partial!.title).toContain('known perturbations at unseen doses (partial): linear mechanisms');
    expect(partial!.rows.map(([name]) => name)).toEqual([...study.predictors]);
  });

  test('predictors do not see each other: fewer give the same figures', async () => {
    const alone = await runPerturbationStudy({ study: { ...study, predictors: ['gim'] } });
    expect(alone).toEqual(rows!.filter(({ predictor }) => predictor === 'gim'));
  });

  test('an interrupted study has no figures', async () => {
    expect(await runPerturbationStudy({ study, interrupted: () => true })).toBeUndefined();
  });
});

test('who knows the truth has no error and all targets', () => {
  const one = samplePerturbationScreen(PerturbationScreenConfig.parse(screen), new RandomStream('truth'));
  const known = new Map(one.full.map((context) => [context.features, context]));
  const figures = measurePredictor(
    {
      predictMean: (features) => known.get(features)!.mean,
      sample: (features) => known.get(features)!.values,
      edgeProbabilities: () => Float64Array.from(one.graph.adjacency),
      targetProbabilities: (features) => Float64Array.from(known.get(features)!.targets),
    },
    one.full,
    one,
    { rows: 30, stream: new RandomStream('measure') },
  );
  expect(figures).toMatchObject({ meanError: 0, w1: 0, targetAp: 1, edgeAp: 1, shd: 0 });
  expect(figures.energyDistanceSquared).toBeCloseTo(0, 9);
  expect(figures.mmdSquared).toBeCloseTo(0, 9);
});
