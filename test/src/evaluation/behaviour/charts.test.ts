import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../../core/causal/graph.js';
import { knockout } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { summarizeBehaviour } from '../../../../src/evaluation/behaviour/behaviour-summary.js';
import { drawBehaviour } from '../../../../src/evaluation/behaviour/charts.js';
import type { Play } from '../../../../src/evaluation/behaviour/recorder.js';
import type { BehaviourStudy } from '../../../../src/evaluation/behaviour/study.js';
import { Bootstrap } from '../../../../src/evaluation/scores/statistics.js';
import { play } from './plays.js';

function study(own: Play): BehaviourStudy {
  const plays = new Map([
    ['policy', [own]],
    ['round-robin-full', [own]],
  ]);
  const bootstrap = new Bootstrap(1, 10, new RandomStream('charts'));
  return {
    environment: 'training',
    inputs: {},
    systems: 1,
    variables: own.graph.size,
    experiments: own.interventions.length,
    interventionKind: 'do',
    valueRange: 2,
    strategies: [...plays.keys()],
    rows: summarizeBehaviour(plays, { environment: 'training', valueRange: 2, bootstrap }),
    adaptivity: [],
    examples: [{ system: 4, plays: [...plays.keys()].map((strategy) => ({ strategy, play: own })) }],
  };
}

const countOf = (text: string, part: string): number => text.split(part).length - 1;

describe('drawBehaviour', () => {
  test('measures, ranks, then a figure per example', async () => {
    const figures = await drawBehaviour(study(play()));
    expect(figures.map(({ title }) => title)).toEqual([
      'What the strategies do, by experiment',
      'Which variables are targeted: rank by uncertainty before the experiment',
      'System 4: true graph, targets, uncertainty before each experiment, edge probabilities at the end',
    ]);
    for (const { svg, title } of figures) {
      expect(svg).toContain(title);
      expect(svg).not.toContain('NaN');
    }
    for (const text of [
      'Number of targets',
      'Gain in return',
      'Share of positive values',
      'round-robin, full strength',
    ])
      expect(figures[0]!.svg).toContain(text);
  });

  test('an example outlines every target with its value and every true edge, for each strategy', async () => {
    const { svg } = (await drawBehaviour(study(play())))[2]!;
    // Four targets in three experiments, three edges, two strategies.
    expect(countOf(svg, 'stroke="#d55e00"')).toBe(8);
    expect(countOf(svg, 'stroke="#009e73"')).toBe(6);
    for (const text of ['+2.0', '-1.0', '+.50', '-2.0']) expect(countOf(svg, `>${text}<`)).toBe(2);
    expect(svg).toContain('policy: +3.00 in return');
    expect(svg).toContain('from 0.25 (white) to 1.50 nats');
    // Certain edges 1 -> 2 in full grey.
    expect(countOf(svg, 'rgb(160,160,160)')).toBe(2);
  });

  test('knockouts are marked without a value', async () => {
    const figures = await drawBehaviour(study(play({ interventions: [0, 1, 2].map((gene) => knockout(3, [gene])) })));
    expect(countOf(figures[2]!.svg, '>x<')).toBe(6);
    expect(figures[0]!.svg).not.toContain('Share of positive values');
    expect(figures[0]!.svg).not.toContain('NaN');
  });

  test('one variable, one experiment and no example can be drawn', async () => {
    const single = play({
      graph: new CausalGraph(1, new Uint8Array(1)),
      interventions: [knockout(1, [0])],
      uncertainty: [Float64Array.of(0), Float64Array.of(0)],
      returns: [1, 1],
      edgeProbabilities: new Float32Array(1),
    });
    for (const { svg } of await drawBehaviour(study(single))) expect(svg).not.toContain('NaN');
    expect(await drawBehaviour({ ...study(play()), examples: [] })).toHaveLength(2);
  });
});
