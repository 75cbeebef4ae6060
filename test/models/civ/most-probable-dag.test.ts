import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { logPosterior } from '../../../core/causal/graph-metrics.js';
import { RandomStream } from '../../../core/random/stream.js';
import { mostProbableDag } from '../../../models/civ/most-probable-dag.js';

function randomProbabilities(stream: RandomStream, size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, entry) => (entry % (size + 1) === 0 ? 0 : stream.uniform()));
}

/** Every DAG over `size` <= 4 variables. */
function allDags(size: number): CausalGraph[] {
  const found: CausalGraph[] = [];
  for (let code = 0; code < 2 ** (size * (size - 1)); code++) {
    const adjacency = new Uint8Array(size * size);
    let bit = 0;
    for (let entry = 0; entry < size * size; entry++)
      if (entry % (size + 1) !== 0) adjacency[entry] = (code >> bit++) & 1;
    try {
      found.push(new CausalGraph(size, adjacency));
    } catch {
      // cyclic
    }
  }
  return found;
}

test('up to 15 variables it is the best of all DAGs', () => {
  const dags = allDags(4);
  expect(dags.length).toBe(543);
  for (let seed = 0; seed < 20; seed++) {
    const q = randomProbabilities(new RandomStream(`map/${seed}`), 4);
    const best = Math.max(...dags.map((graph) => logPosterior(q, graph)));
    expect(logPosterior(q, mostProbableDag(q, 4))).toBeCloseTo(best, 9);
  }
});

test('property: acyclic at any size, and exactly the likely edges where these have no cycle', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(1000), (size, seed) => {
      const q = randomProbabilities(new RandomStream(`acyclic/${size}/${seed}`), size);
      expect(mostProbableDag(q, size).topologicalOrder).toHaveLength(size);
      const triangular = q.map((value, entry) => (Math.floor(entry / size) < entry % size ? value : 0.4 * value));
      const graph = mostProbableDag(triangular, size);
      triangular.forEach((value, entry) => {
        expect(graph.adjacency[entry]).toBe(value > 0.5 ? 1 : 0);
      });
    }),
    { numRuns: 25, seed: 3 },
  );
});

test('a wrong shape is refused', () => {
  expect(() => mostProbableDag([0, 1], 2)).toThrow("'edgeProbabilities' must have shape [4], got [2]");
});
