import { expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { potential, REWARD_KINDS } from '../../../envs/design/reward.js';

const graph = CausalGraph.fromEdges(2, [[0, 1]]);
const probabilities = [0, 0.8, 0.3, 0];

test.each([
  ['expectedCorrectEntries', 2 + 0.8 + 0.7],
  ['posteriorExpectedCorrectEntries', 2 + 0.64 + 0.04 + 0.09 + 0.49],
  ['logPosterior', Math.log(0.8 * 0.7)],
  ['negativeExpectedShd', -(1 - 0.8 * 0.7)],
  ['auprc', 1],
] as const)('%s', (kind, expected) => {
  expect(potential(kind, probabilities, graph)).toBeCloseTo(expected, 12);
});

test.each(REWARD_KINDS)('%s is finite for an empty graph, one variable and certain probabilities', (kind) => {
  for (const size of [1, 3])
    for (const probability of [0, 0.5, 1]) {
      const flat = new Float32Array(size * size).fill(probability);
      expect(Number.isFinite(potential(kind, flat, new CausalGraph(size, new Uint8Array(size * size))))).toBe(true);
    }
});
