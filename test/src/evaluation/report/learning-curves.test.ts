import { describe, expect, test } from 'vitest';
import { learningCurvesToCsv } from '../../../../src/evaluation/report/csv.js';
import {
  type LearningCurve,
  type LearningPanel,
  learningCurvesSpec,
  renderLearningCurves,
} from '../../../../src/evaluation/report/learning-curves.js';

function curve(label: string, change: Partial<LearningCurve> = {}): LearningCurve {
  return {
    label,
    sweep: 'runs/sweep',
    trial: 1,
    points: [
      { step: 10, minutes: 1, mean: 18, ci95: [17.8, 18.2], seeds: 3 },
      { step: 20, minutes: 2, mean: 19, ci95: [18.9, 19.1], seeds: 3 },
    ],
    evaluated: { mean: 19.05, ci95: [19, 19.1], seeds: 3 },
    ...change,
  };
}

const lines = [
  { strategy: 'round-robin-full', mean: 19.2 },
  { strategy: 'random', mean: 18.3 },
  { strategy: 'observational', mean: 12 },
];
const panel: LearningPanel = { title: '5 variables', curves: [curve('head.kind=single'), curve('subset')], lines };

function domains(shown: LearningPanel): { x: { type?: string; domain: number[] }; y: { domain: number[] } } {
  const spec = JSON.parse(JSON.stringify(learningCurvesSpec([shown])));
  const layers: { encoding: { x?: { scale?: object }; y: { scale?: object } } }[] = spec.vconcat[0].layer;
  const { x, y } = layers.find(({ encoding }) => encoding.x?.scale !== undefined)!.encoding;
  return JSON.parse(JSON.stringify({ x: x!.scale, y: y.scale }));
}

describe('figure', () => {
  test('has a panel per environment, a label per curve, and the best simple and the random strategy', async () => {
    const svg = await renderLearningCurves([panel, { ...panel, title: '10 variables' }]);
    for (const text of ['5 variables', '10 variables', 'head.kind=single', 'processor minutes of learning'])
      expect(svg).toContain(text);
    expect(svg).toContain('round-robin, full strength (best simple)');
    expect(svg).toContain('random targets, random values');
    expect(svg).not.toContain('observational');
    expect(svg).toContain('mean over 3 training seeds and 95 % interval');
    expect(svg).not.toContain('NaN');
  });

  test('one seed has no band, and says so; a policy that was not evaluated has no diamond', async () => {
    const points = [{ step: 10, minutes: 1, mean: 18, ci95: null, seeds: 1 }];
    const svg = await renderLearningCurves([
      { ...panel, lines: [], curves: [curve('one', { points, evaluated: null })] },
    ]);
    expect(svg).toContain('mean over 1 training seed.');
    expect(svg).not.toContain('Diamonds');
    expect(svg).not.toContain('NaN');
  });

  test('weak strategies and wide bands do not press the curves together', () => {
    const wide = curve('wide', { points: [{ step: 1, minutes: 1, mean: 18, ci95: [0, 40], seeds: 2 }] });
    const { domain } = domains({ ...panel, curves: [curve('narrow'), wide] }).y;
    // Means from 18 to 19.2: at most 0.34 of that further on either side.
    expect(domain[0]).toBeCloseTo(18 - 0.34 * 1.2, 10);
    expect(domain[1]).toBeCloseTo(19.2 + 0.34 * 1.2, 10);
  });

  test('training times that differ much are shown on a logarithmic axis', () => {
    const long = curve('long', { points: [{ step: 5, minutes: 40, mean: 19, ci95: null, seeds: 1 }] });
    expect(domains(panel).x).toMatchObject({ domain: [0, 2] });
    expect(domains({ ...panel, curves: [curve('short'), long] }).x).toMatchObject({ type: 'log', domain: [1, 40] });
  });
});

test('CSV: validations, evaluations and simple strategies, undefined figures empty', () => {
  const rows = learningCurvesToCsv([{ ...panel, curves: [curve('a, b')] }])
    .trimEnd()
    .split('\n');
  expect(rows).toEqual([
    'panel,kind,series,sweep,trial,step,processor_minutes,mean_return,ci95_low,ci95_high,seeds',
    '5 variables,validation,"a, b",runs/sweep,1,10,1,18,17.8,18.2,3',
    '5 variables,validation,"a, b",runs/sweep,1,20,2,19,18.9,19.1,3',
    '5 variables,evaluation,"a, b",runs/sweep,1,,,19.05,19,19.1,3',
    '5 variables,simple strategy,round-robin-full,,,,,19.2,,,',
    '5 variables,simple strategy,random,,,,,18.3,,,',
    '5 variables,simple strategy,observational,,,,,12,,,',
  ]);
});
