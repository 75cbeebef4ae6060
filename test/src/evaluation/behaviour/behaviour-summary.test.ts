import { expect, test } from 'vitest';
import { knockout } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { summarizeBehaviour } from '../../../../src/evaluation/behaviour/behaviour-summary.js';
import { Bootstrap } from '../../../../src/evaluation/scores/statistics.js';
import { play } from './plays.js';

const options = (systems: number) => ({
  environment: 'training',
  valueRange: 2,
  bootstrap: new Bootstrap(systems, 200, new RandomStream('behaviour-summary')),
});

test('means over systems by round, and of the means over rounds', () => {
  const slow = play({ system: 1, returns: [5, 5, 5, 5] });
  const rows = summarizeBehaviour(new Map([['policy', [play(), slow]]]), options(2));
  const find = (metric: string) => rows.filter((row) => row.metric === metric);
  expect(find('gain').map(({ round, mean, n }) => [round, mean, n])).toEqual([
    [1, 0.5, 2],
    [2, 0.25, 2],
    [3, 0.75, 2],
    // Gains of 3 and 0 over three rounds.
    [null, 0.5, 2],
  ]);
  // Two systems with 1 and 0: Student's interval with one degree of freedom, 1/2 -+ tan(0.475 pi) / 2.
  expect(find('gain')[0]!.ci95.map((end) => end?.toFixed(3))).toEqual(['-5.853', '6.853']);
  expect(find('targets')[3]).toEqual({
    task: 'structure',
    environment: 'training',
    strategy: 'policy',
    metric: 'targets',
    round: null,
    mean: 4 / 3,
    ci95: [4 / 3, 4 / 3],
    n: 2,
  });
});

test('what no strategy has is left out; what only some systems have counts those', () => {
  const interventions = [knockout(3, [1]), knockout(3, []), knockout(3, [0])];
  const nothing = play({ system: 1, interventions: [0, 1, 2].map(() => knockout(3, [])) });
  const rows = summarizeBehaviour(new Map([['policy', [play({ interventions }), nothing]]]), options(2));
  expect(rows.some(({ metric }) => metric === 'valueStrength' || metric === 'positiveValues')).toBe(false);
  const children = rows.filter(({ metric }) => metric === 'childrenOverAverage');
  expect(children.map(({ round, mean, n }) => [round, mean, n])).toEqual([
    [1, 0, 1],
    [2, null, 0],
    [3, 1, 1],
    [null, 0.5, 1],
  ]);
});
