import { describe, expect, test } from 'vitest';
import { structuralHammingDistance } from '../../../../core/causal/graph-metrics.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { PerturbationScreenConfig } from '../../../../envs/perturbation/config.js';
import { samplePerturbationScreen } from '../../../../envs/perturbation/perturbation-screen.js';
import { BASES } from '../../../../models/gim/structure/basis.js';
import {
  findStructures,
  graphOf,
  structureOfGraph,
  structureOfTargets,
} from '../../../../models/gim/structure/find-structure.js';
import { screenMoments } from '../../../../models/gim/structure/screen-moments.js';

const settings = PerturbationScreenConfig.parse({
  variables: 12,
  graph: { degree: 1 },
  compounds: 24,
  newCompounds: 1,
});
const screen = samplePerturbationScreen(settings, new RandomStream('find-structure'));
const moments = screenMoments(screen.training, BASES.linear);

describe('findStructures', () => {
  const [best, ...others] = findStructures(moments, { stream: new RandomStream('a') });

  test('recovers graph, weights and the targets that moved', () => {
    expect(structuralHammingDistance(graphOf(best!), screen.graph)).toBe(0);
    // Weak doses leave a target where it was, so only wrong alarms are errors.
    const alarms = screen.trainingTargets.flatMap((targets, k) =>
      [...targets.keys()].filter((i) => targets[i] === 0 && best!.targets[k * 12 + i] === 1),
    );
    expect(alarms).toEqual([]);
  });

  test('the best comes first, every graph once', () => {
    const all = [best!, ...others];
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).sort((a, b) => b - a));
    expect(new Set(all.map((one) => graphOf(one).adjacency.join(''))).size).toBe(all.length);
  });

  test('units and offsets change nothing', () => {
    const rescaled = (values: Float64Array) => values.map((value, entry) => 5 + value * (1 + (entry % 12)));
    const training = {
      ...screen.training,
      observational: rescaled(screen.training.observational),
      contexts: screen.training.contexts.map((one) => ({ ...one, values: rescaled(one.values) })),
    };
    const [other] = findStructures(screenMoments(training, BASES.linear), { stream: new RandomStream('a') });
    expect(other!.parents).toEqual(best!.parents);
    expect(other!.score).toBeCloseTo(best!.score, 4);
  });

  test('the same stream gives the same structures', () => {
    expect(findStructures(moments, { stream: new RandomStream('a'), restarts: 5 })).toEqual(
      findStructures(moments, { stream: new RandomStream('a'), restarts: 5 }),
    );
  });
});

describe('structures of what is known', () => {
  test('of the graph: its targets; of the targets: their graph', () => {
    const parents = Array.from({ length: 12 }, (_, child) => screen.graph.parents(child));
    const ofGraph = structureOfGraph(moments, parents);
    expect(ofGraph.parents).toEqual(parents);
    const flags = Uint8Array.from(screen.trainingTargets.flatMap((targets) => [...targets]));
    expect([...ofGraph.targets].filter((flag, entry) => flag === 1 && flags[entry] === 0)).toEqual([]);
    expect(structureOfTargets(moments, flags, { stream: new RandomStream('a') }).parents).toEqual(parents);
  });
});
