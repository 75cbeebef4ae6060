import { describe, expect, test } from 'vitest';
import { structuralHammingDistance } from '../../../../core/causal/graph-metrics.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { PerturbationScreenConfig } from '../../../../envs/perturbation/config.js';
import { samplePerturbationScreen } from '../../../../envs/perturbation/perturbation-screen.js';
import { BASES } from '../../../../models/gim/structure/basis.js';
import { findStructures, graphOf } from '../../../../models/gim/structure/find-structure.js';
import { screenMoments } from '../../../../models/gim/structure/screen-moments.js';

const settings = PerturbationScreenConfig.parse({ variables: 8, compounds: 16, newCompounds: 1 });
const screen = samplePerturbationScreen(settings, new RandomStream('find-structure'));
const moments = screenMoments(screen.training, BASES.linear);

describe('findStructures', () => {
  const [best, ...others] = findStructures(moments, { stream: new RandomStream('a') });

  test('recovers graph, weights and the targets that moved', () => {
    expect(structuralHammingDistance(graphOf(best!), screen.graph)).toBe(0);
    // Weak doses leave a target where it was, so only wrong alarms are errors.
    const alarms = screen.trainingTargets.flatMap((targets, k) =>
      [...targets.keys()].filter((i) => targets[i] === 0 && best!.targets[k * 8 + i] === 1),
    );
    expect(alarms).toEqual([]);
  });

  test('the best comes first, every graph once', () => {
    const all = [best!, ...others];
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).sort((a, b) => b - a));
    expect(new Set(all.map((one) => graphOf(one).adjacency.join(''))).size).toBe(all.length);
  });

  test('units and offsets change nothing', () => {
    const rescaled = (values: Float64Array) => values.map((value, entry) => 5 + value * (1 + (entry % 8)));
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
