import { describe, expect, test } from 'vitest';
import { columnMeans } from '../../../core/causal/column-moments.js';
import { checkPerturbationData } from '../../../core/causal/perturbation-data.js';
import { RandomStream } from '../../../core/random/stream.js';
import { describeCompound, sampleCompounds, shiftAtDose, targetsOf } from '../../../envs/perturbation/compounds.js';
import { PerturbationScreenConfig } from '../../../envs/perturbation/config.js';
import { samplePerturbationScreen } from '../../../envs/perturbation/perturbation-screen.js';

const config = (options: object = {}) => PerturbationScreenConfig.parse({ variables: 6, compounds: 8, ...options });

describe('samplePerturbationScreen', () => {
  test('has the sizes of the benchmark', () => {
    const screen = samplePerturbationScreen(PerturbationScreenConfig.parse({}), new RandomStream('sizes'));
    checkPerturbationData(screen.training);
    expect(screen.training.contexts).toHaveLength(160);
    expect(screen.partial).toHaveLength(200);
    expect(screen.full).toHaveLength(80);
    expect(screen.training.observational).toHaveLength(800 * 20);
    expect(screen.training.contexts[0]?.features).toHaveLength(24);
    const hit = new Set(screen.trainingTargets.flatMap((targets) => [...targets.keys()].filter((i) => targets[i])));
    expect(hit.size).toBe(20);
  });

  test.each(['linear', 'nonlinear'])('rows of a %s context scatter about its stated mean', (mechanisms) => {
    const rows = 4000;
    const settings = config({ mechanisms, compounds: 2, newCompounds: 1, rows });
    const { full } = samplePerturbationScreen(settings, new RandomStream('mean'));
    for (const { values, mean } of full) {
      const measured = columnMeans(values, 6);
      for (const [i, value] of mean.entries()) expect(Math.abs(measured[i]! - value)).toBeLessThan(0.2);
    }
  });

  test('the same stream gives the same screen, and known compounds keep features but for the dose', () => {
    const [one, two] = [0, 1].map(() => samplePerturbationScreen(config(), new RandomStream('twice')));
    expect(one).toEqual(two);
    expect(one!.partial[0]!.features.slice(0, -1)).toEqual(one!.training.contexts[0]!.features.slice(0, -1));
    expect(one!.partial[0]!.features.at(-1)).toBe(0.25);
  });
});

describe('compounds', () => {
  test('half of the effect at the half dose, nothing at dose 0, all in the limit', () => {
    const compound = { name: 'a', effects: Float64Array.of(0, 3), halfDose: 0.7, slope: 2 };
    expect([...shiftAtDose(compound, 0.7)]).toEqual([0, 1.5]);
    expect([...shiftAtDose(compound, 0)]).toEqual([0, 0]);
    expect(shiftAtDose(compound, 1e6)[1]).toBeCloseTo(3, 9);
    expect([...targetsOf(compound)]).toEqual([0, 1]);
  });

  test.each([
    ['shared', 9],
    ['per-target', 15],
  ] as const)('%s effects are described by %i numbers and stay within their range', (effects, width) => {
    for (const compound of sampleCompounds(config({ effects }), 30, new RandomStream('compounds'))) {
      const sizes = compound.effects.filter((effect) => effect !== 0).map(Math.abs);
      expect(sizes.length).toBeGreaterThanOrEqual(1);
      expect(sizes.length).toBeLessThanOrEqual(3);
      expect(sizes.every((size) => size >= 2 && size <= 4)).toBe(true);
      if (effects === 'shared') expect(new Set(sizes).size).toBe(1);
      expect(describeCompound(compound, effects)).toHaveLength(width);
    }
  });
});
