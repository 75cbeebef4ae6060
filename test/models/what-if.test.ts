import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../core/backend/backend.js';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { doIntervention, observe } from '../../core/causal/intervention.js';
import { RandomStream } from '../../core/random/stream.js';
import { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../models/posterior/graph-posterior-config.js';
import { probabilitiesAfter } from '../../models/what-if.js';
import { SIZE, toyCollection } from '../training/action-values/toy-experiment.js';
import { randomHistory } from './random-histories.js';

beforeAll(async () => {
  await useBackend();
});

const stream = new RandomStream('what-if');
const tried = [4, 7].map((rows) => ({
  history: randomHistory(SIZE, rows, stream.child('history', rows)),
  outcomes: [observe(SIZE), doIntervention(SIZE, { 1: 1 }), doIntervention(SIZE, { 0: -1, 2: 1 })].map(
    (intervention, s) => ({
      intervention,
      rows: stream.child('rows', rows, s).fillNormal(new Float32Array(2 * SIZE)),
    }),
  ),
}));

/** One history after the other, each with its rows appended. */
function plainly(posterior: GraphPosterior): number[] {
  return tried.flatMap(({ history, outcomes }) =>
    outcomes.flatMap(({ rows, intervention }) => {
      const after = history.prefix(history.rows);
      after.append(rows, intervention);
      return [...posterior.edgeProbabilities([after])];
    }),
  );
}

describe('probabilitiesAfter', () => {
  test.each(['exact', 'scale-free'] as const)(
    '%s: adding rows to statistics equals reading all rows',
    async (source) => {
      const { posterior } = await toyCollection({ source });
      const found = probabilitiesAfter(posterior, tried);
      expect(found).toHaveLength(2 * 3 * SIZE * SIZE);
      plainly(posterior).forEach((probability, at) => {
        expect(found[at]).toBeCloseTo(probability, 6);
      });
    },
  );

  test('a learned posterior reads every history as it would be', () => {
    const config = GraphPosteriorConfig.parse({ width: 8, heads: 2, pairs: 1 });
    const posterior = new AmortizedGraphPosterior(config, new RandomStream('learned'));
    const found = probabilitiesAfter(posterior, tried);
    plainly(posterior).forEach((probability, at) => {
      expect(found[at]).toBeCloseTo(probability, 5);
    });
    expect(tried.map(({ history }) => history.rows)).toEqual([4, 7]);
  });
});
