import { describe, expect, test } from 'vitest';
import { knockout, observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { controlCondition, simulateScreen } from '../../../envs/sergio/screen.js';
import { SergioModel } from '../../../envs/sergio/sergio-model.js';
import { chainNetwork, deviation, geneColumn, mean } from './networks.js';

const network = chainNetwork([4], [3], { halfResponses: [3] });
const modelOf = (changes: object) =>
  new SergioModel(network, SergioConfig.parse({ kind: 'sergio', platform: 'none', ...changes }));
const stream = new RandomStream('cell-mixtures');
const CELLS = 4000;

describe('guides that fail', () => {
  test.each(['independent', 'snapshots'])(
    'a share of %s cells stays unperturbed, and their targets with them',
    (cells) => {
      const model = modelOf({ guideEfficiency: 0.7, cells, noiseAmplitude: 0.3 });
      const sample = model.sample(knockout(2, [0]), CELLS, stream);
      const [regulator, target] = [0, 1].map((gene) => geneColumn(sample, 2, gene)) as [Float32Array, Float32Array];
      const escaped = mean(regulator.map((x) => (x > 0 ? 1 : 0)));
      // Binomial; at this noise an unperturbed regulator is hardly ever at 0.
      expect(Math.abs(escaped - 0.3)).toBeLessThan(4.5 * Math.sqrt(0.21 / CELLS) + 0.02);
      // The target's production is 0 without its regulator: nothing is left of it after a while.
      const perturbed = target.filter((_, cell) => regulator[cell] === 0);
      expect(mean(perturbed)).toBeLessThan(0.1);
      expect(mean(target.filter((_, cell) => regulator[cell]! > 0))).toBeGreaterThan(1);
    },
  );

  test('controls are as they would be without guides; an efficiency of 0 perturbs nothing', () => {
    const controls = (efficiency: number) => modelOf({ guideEfficiency: efficiency }).sample(observe(2), 50, stream);
    expect(controls(0.2)).toEqual(controls(1));
    const none = modelOf({ guideEfficiency: 0 }).sample(knockout(2, [0]), 2000, stream);
    // Mean 3.8 and standard deviation 1.9 of an unperturbed regulator.
    expect(Math.abs(mean(geneColumn(none, 2, 0)) - 3.8)).toBeLessThan(0.3);
  });
});

describe('batches', () => {
  test('each multiplies a gene in all of its cells and in every experiment alike', () => {
    const model = modelOf({ batches: 3, batchStd: 1 });
    const plain = modelOf({ batches: 3 });
    for (const intervention of [observe(2), knockout(2, [1])]) {
      const [measured, clean] = [model, plain].map((one) => one.measure(intervention, CELLS, stream));
      expect(measured!.batches).toEqual(clean!.batches);
      measured!.values.forEach((value, entry) => {
        const batch = measured!.batches[Math.floor(entry / 2)]!;
        expect(value).toBeCloseTo(clean!.values[entry]! * model.batchFactors[2 * batch + (entry % 2)]!, 3);
      });
      for (const batch of [0, 1, 2])
        expect(Math.abs(mean(measured!.batches.map((own) => (own === batch ? 3000 : 0))) / 3000 - 1 / 3)).toBeLessThan(
          4.5 * Math.sqrt(2 / 9 / CELLS),
        );
    }
    expect(model.batchFactors).toEqual(modelOf({ batches: 3, batchStd: 1 }).batchFactors);
    const many = modelOf({ batches: 2000, batchStd: 0.5 }).batchFactors.map(Math.log);
    expect(Math.abs(deviation(many) - 0.5)).toBeLessThan((4.5 * 0.5) / Math.sqrt(2 * 4000));
  });

  test('are told in a screen where there are several', () => {
    const screen = (batches: number) =>
      simulateScreen(modelOf({ batches, batchStd: 0.2 }), [controlCondition(network, 30)], { stream });
    expect(screen(1).batches).toBeUndefined();
    expect(new Set(screen(2).batches)).toEqual(new Set([0, 1]));
  });
});
