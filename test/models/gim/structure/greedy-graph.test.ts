import { expect, test } from 'vitest';
import { CausalGraph } from '../../../../core/causal/graph.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { PerturbationScreenConfig } from '../../../../envs/perturbation/config.js';
import { samplePerturbationScreen } from '../../../../envs/perturbation/perturbation-screen.js';
import { BASES } from '../../../../models/gim/structure/basis.js';
import { greedyGraph } from '../../../../models/gim/structure/greedy-graph.js';
import { NodeRegressions } from '../../../../models/gim/structure/node-regressions.js';
import { screenMoments } from '../../../../models/gim/structure/screen-moments.js';

const settings = PerturbationScreenConfig.parse({ variables: 5, compounds: 6, newCompounds: 1 });
const { training, trainingTargets } = samplePerturbationScreen(settings, new RandomStream('greedy-graph'));
const moments = screenMoments(training, BASES.linear);
const regressions = new NodeRegressions(moments, Uint8Array.from(trainingTargets.flatMap((one) => [...one])));
const cost = Math.log(moments.totalRows);
const empty = Array.from({ length: 5 }, () => []);

const score = (parents: readonly (readonly number[])[]) =>
  parents.reduce((sum, list, node) => sum + regressions.score(node, list, cost), 0);

test('ends in an acyclic graph that no single move improves', () => {
  const parents = greedyGraph(regressions, empty, cost);
  const edges = (lists: readonly (readonly number[])[]) =>
    lists.flatMap((list, child) => list.map((parent): [number, number] => [parent, child]));
  expect(() => CausalGraph.fromEdges(5, edges(parents))).not.toThrow();
  for (let from = 0; from < 5; from++)
    for (let to = 0; to < 5; to++) {
      if (from === to) continue;
      const has = parents[to]!.includes(from);
      const moved = parents.map((list, node) =>
        node === to ? (has ? list.filter((i) => i !== from) : [...list, from].sort()) : list,
      );
      const acyclic = (() => {
        try {
          return CausalGraph.fromEdges(5, edges(moved)) !== undefined;
        } catch {
          return false;
        }
      })();
      if (acyclic) expect(score(moved)).toBeLessThanOrEqual(score(parents) + 1e-5);
    }
});

test('an edge that costs more than it can gain is not drawn', () => {
  expect(greedyGraph(regressions, empty, 1e9)).toEqual(empty);
});
