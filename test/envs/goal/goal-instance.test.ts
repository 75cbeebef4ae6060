import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interveneWhereNonZero } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { GoalInstanceConfig, meanUnderShift, sampleGoalInstance } from '../../../envs/goal/goal-instance.js';
import { misspecify } from '../../../envs/goal/misspecified-graph.js';
import { DagConfig, sampleDag } from '../../../envs/prior/graph-families.js';

const KINDS = DagConfig.options.map((option) => option.shape.kind.value);
const stream = new RandomStream('target-instance');

/** Undirected pairs joined by an edge. */
function skeleton(size: number, adjacency: Uint8Array): [number, number][] {
  const pairs: [number, number][] = [];
  for (let a = 0; a < size; a++)
    for (let b = a + 1; b < size; b++)
      if (adjacency[a * size + b] === 1 || adjacency[b * size + a] === 1) pairs.push([a, b]);
  return pairs;
}

describe.each(KINDS)('%s', (kind) => {
  test('instances of any size are acyclic, have unit variances, and a* reaches mu*', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(500), (variables, seed) => {
        const targets = Math.min(3, variables);
        const config = GoalInstanceConfig.parse({
          variables,
          graph: { kind },
          targets,
          placement: seed % 2 ? 'random' : 'downstream',
        });
        const { model, optimalShift, goalMean } = sampleGoalInstance(config, stream.child(kind, variables, seed));
        const covariance = model.interventionalCovariance({ kind: 'none', targets: new Uint8Array(variables) });
        for (let i = 0; i < variables; i++) expect(covariance[i * variables + i]).toBeCloseTo(1, 10);
        expect(Math.hypot(...optimalShift)).toBeCloseTo(1, 12);
        expect(optimalShift.filter((entry) => entry !== 0).length).toBe(targets);
        meanUnderShift(model, optimalShift).forEach((entry, i) => {
          expect(entry).toBeCloseTo(goalMean[i]!, 12);
        });
        model.interventionalMean(interveneWhereNonZero('shift', optimalShift)).forEach((entry, i) => {
          expect(Math.abs(entry - goalMean[i]!)).toBeLessThan(1e-5);
        });
        // Undoing the scaling gives back unit noise and weights in the published range.
        if (model.noise.kind === 'heteroskedastic') throw new Error('Gaussian noise expected');
        const { scales } = model.noise;
        model.coefficients.forEach((weight, entry) => {
          if (weight === 0) return;
          const raw = Math.abs((weight * scales[Math.floor(entry / variables)]!) / scales[entry % variables]!);
          expect(raw).toBeGreaterThanOrEqual(0.25 - 1e-12);
          expect(raw).toBeLessThanOrEqual(1 + 1e-12);
        });
      }),
      { numRuns: 25, seed: 5 },
    );
  });

  test('the same stream gives the same graph, another one (where it is random) another', () => {
    const config = DagConfig.parse({ kind });
    const first = sampleDag(config, 9, stream.child(kind, 'a')).adjacency;
    expect(sampleDag(config, 9, stream.child(kind, 'a')).adjacency).toEqual(first);
    const fixed = ['complete', 'path', 'in-star', 'out-star'].includes(kind);
    const others = [1, 2, 3].map((seed) => sampleDag(config, 9, stream.child(kind, seed)).adjacency);
    expect(others.every((other) => other.every((edge, entry) => edge === first[entry]))).toBe(fixed);
  });
});

describe('shapes of the families', () => {
  const build = (config: Record<string, unknown>, size = 12) =>
    sampleDag(DagConfig.parse(config), size, stream.child(JSON.stringify(config)));

  test('edge counts', () => {
    expect(build({ kind: 'complete' }).edgeCount).toBe(66);
    for (const kind of ['path', 'line', 'in-star', 'out-star', 'tree', 'rooted-tree'])
      expect(build({ kind }).edgeCount, kind).toBe(11);
    expect(build({ kind: 'barabasi-albert', edgesPerStep: 3 }).edgeCount).toBe(1 + 2 + 3 * 9);
    expect(build({ kind: 'clique-tree', cliqueSize: 4 }).edgeCount).toBe(1 + 2 + 3 * 9);
    expect(build({ kind: 'erdos-renyi', probability: 0 }).edgeCount).toBe(0);
    expect(build({ kind: 'erdos-renyi', probability: 1 }).edgeCount).toBe(66);
    expect(build({ kind: 'erdos-renyi', probability: 0.2 }, 60).edgeCount / 1770).toBeCloseTo(0.2, 1);
  });

  test('trees are connected without cycles; rooted trees have one parent each', () => {
    for (const kind of ['tree', 'rooted-tree', 'line']) {
      const graph = build({ kind });
      const component = Array.from({ length: 12 }, (_, i) => i);
      for (const [a, b] of skeleton(12, graph.adjacency)) {
        expect(component[a]).not.toBe(component[b]);
        const [from, to] = [component[b], component[a]!];
        component.forEach((name, i) => {
          if (name === from) component[i] = to;
        });
      }
      expect(new Set(component).size).toBe(1);
      if (kind === 'rooted-tree') for (let i = 1; i < 12; i++) expect(graph.parents(i)).toHaveLength(1);
    }
  });

  test('chordal graphs and clique trees have no unmarried parents', () => {
    for (const config of [
      { kind: 'chordal', probability: 0.3 },
      { kind: 'clique-tree', cliqueSize: 3 },
    ]) {
      const graph = build(config);
      for (let child = 0; child < 12; child++)
        for (const a of graph.parents(child))
          for (const b of graph.parents(child)) if (a < b) expect(graph.hasEdge(a, b)).toBe(true);
    }
  });
});

describe('misspecify', () => {
  const graph = sampleDag({ kind: 'erdos-renyi', probability: 0.5 }, 8, stream.child('misspecify'));

  test.each(['added', 'removed', 'reversed'] as const)('%s edges, as many as asked', (kind) => {
    for (const edges of [0, 1, 4]) {
      const wrong = misspecify(graph, { kind, edges }, stream.child(kind, edges));
      let added = 0;
      let removed = 0;
      graph.adjacency.forEach((edge, entry) => {
        if (edge < wrong.adjacency[entry]!) added++;
        if (edge > wrong.adjacency[entry]!) removed++;
      });
      expect({ added, removed }).toEqual({
        added: kind === 'removed' ? 0 : edges,
        removed: kind === 'added' ? 0 : edges,
      });
    }
  });

  test('stops where there is no room', () => {
    const complete = sampleDag({ kind: 'complete' }, 4, stream);
    expect(misspecify(complete, { kind: 'added', edges: 3 }, stream).adjacency).toEqual(complete.adjacency);
    expect(misspecify(complete, { kind: 'removed', edges: 99 }, stream).edgeCount).toBe(0);
  });
});

test('more targets than variables are refused', () => {
  const config = GoalInstanceConfig.parse({ variables: 3, targets: 4 });
  expect(() => sampleGoalInstance(config, stream)).toThrow('4 targets need as many variables, there are 3');
});
