import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { columnMeans } from '../../../core/causal/column-moments.js';
import { RandomStream } from '../../../core/random/stream.js';
import { PerturbationScreenConfig } from '../../../envs/perturbation/config.js';
import { type KnownContext, samplePerturbationScreen } from '../../../envs/perturbation/perturbation-screen.js';
import { fitGim } from '../../../models/gim/fit-gim.js';
import type { Gim } from '../../../models/gim/gim.js';
import { loadGim, saveGim } from '../../../models/gim/gim-file.js';

const settings = PerturbationScreenConfig.parse({ variables: 6, compounds: 24, newCompounds: 6 });
const screen = samplePerturbationScreen(settings, new RandomStream('fit-gim'));
const gim = fitGim(screen.training, { stream: new RandomStream('fit'), restarts: 6 });
const stream = () => new RandomStream('predict');

function meanError(model: Gim, contexts: readonly KnownContext[]): number {
  const errors = contexts.map(({ features, mean }) =>
    Math.hypot(...model.predictMean(features, stream()).map((value, j) => value - mean[j]!)),
  );
  return errors.reduce((sum, error) => sum + error / errors.length, 0);
}
const noEffect = (contexts: readonly KnownContext[]) =>
  contexts.reduce((sum, { mean }) => sum + Math.hypot(...mean) / contexts.length, 0);

describe('fitGim', () => {
  test('predicts unseen doses and unseen compounds far better than no effect', () => {
    expect(meanError(gim, screen.partial)).toBeLessThan(0.15 * noEffect(screen.partial));
    expect(meanError(gim, screen.full)).toBeLessThan(0.4 * noEffect(screen.full));
  });

  test('knows the targets of new compounds from their features', () => {
    for (const { features, targets } of screen.full) {
      const probabilities = gim.targetProbabilities(features);
      targets.forEach((flag, j) => {
        if (flag === 1) expect(probabilities[j]).toBeGreaterThan(0.5);
        else expect(probabilities[j]).toBeLessThan(0.5);
      });
    }
  });

  test('drawn rows have the predicted moments', () => {
    const { features } = screen.full[3]!;
    const rows = gim.sample(features, 20_000, stream());
    const { mean, covarianceGivenShift, covarianceOfShift } = gim.predictMoments(features)!;
    const drawn = columnMeans(rows, 6);
    for (let j = 0; j < 6; j++) {
      const variance = covarianceGivenShift[j * 7]! + covarianceOfShift[j * 7]!;
      expect(Math.abs(drawn[j]! - mean[j]!)).toBeLessThan(5 * Math.sqrt(variance / 20_000));
      let squares = 0;
      for (let row = 0; row < 20_000; row++) squares += (rows[row * 6 + j]! - mean[j]!) ** 2 / 20_000;
      expect(squares / variance).toBeCloseTo(1, 1);
    }
  });

  test('no dose, no shift; a curve starts there and only grows', () => {
    const { features, targets } = screen.full[0]!;
    const curve = gim.doseCurve(features, [0, 0.5, 1, 2]);
    const target = targets.indexOf(1);
    expect([...curve[0]!].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    const sizes = curve.map((shifts) => Math.abs(shifts[target]!));
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });

  test('additive mechanisms serve linear systems, too', () => {
    const additive = fitGim(screen.training, { stream: new RandomStream('fit'), restarts: 12, mechanisms: 'additive' });
    expect(additive.predictMoments(screen.full[0]!.features)).toBeUndefined();
    expect(meanError(additive, screen.partial)).toBeLessThan(0.3 * noEffect(screen.partial));
  });

  test('the same stream gives the same model', () => {
    const again = fitGim(screen.training, { stream: new RandomStream('fit'), restarts: 6 });
    expect(again).toEqual(gim);
  });
});

describe('saveGim, loadGim', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'gim-')), 'model.json');
  const variables = ['a', 'b', 'c', 'd', 'e', 'f'];
  const features = Array.from(gim.descriptors.means, (_, i) => `f${i}`);

  test('the model comes back as it was', () => {
    saveGim(path, { gim, variables, features });
    const loaded = loadGim(path);
    expect(loaded.variables).toEqual(variables);
    expect(loaded.features).toEqual(features);
    const asked = screen.full[1]!.features;
    expect(loaded.gim.predictMean(asked, stream())).toEqual(gim.predictMean(asked, stream()));
    expect(loaded.gim.targetProbabilities(asked)).toEqual(gim.targetProbabilities(asked));
  });

  test.each([
    ['not JSON', '{'],
    ['another format', '{"format": "other"}'],
  ])('%s is refused with its name', (_, content) => {
    const broken = `${path}.broken`;
    writeFileSync(broken, content);
    expect(() => loadGim(broken)).toThrow(`${broken}: not a model that 'causal-pilot gim fit' has written`);
  });

  test('another number of variables is refused', () => {
    saveGim(path, { gim, variables: ['a'], features });
    expect(() => loadGim(path)).toThrow('member 0 is not of 1 variables');
  });
});
