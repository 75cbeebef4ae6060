import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { type Intervention, knockdown, knockout, observe, overexpression } from '../../../core/causal/intervention.js';
import { nativeSergioKernel } from '../../../core/native/ops/sergio.js';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { GeneNetwork } from '../../../envs/sergio/gene-network.js';
import { simulateLangevin } from '../../../envs/sergio/langevin.js';
import { parseNetworkJson } from '../../../envs/sergio/network-json.js';
import { PLATFORM_NAMES, PLATFORMS } from '../../../envs/sergio/platforms.js';
import { SergioModel } from '../../../envs/sergio/sergio-model.js';
import { referenceRequest, systemConstants } from '../../../envs/sergio/system-constants.js';
import { chainNetwork, deviation, geneColumn, mean, randomNetwork } from './networks.js';

// What belongs to a system stays with it, whatever is done to it.

const PUBLISHED = { halfResponses: 'condition', cells: 'snapshots', measurement: 'condition' };
const config = (changes: Record<string, unknown> = {}) => SergioConfig.parse({ kind: 'sergio', ...changes });
/** One gene knocked out leaves its neighbours' law alone: this many cells for a mean within about 2 %. */
const CELLS = 4000;

function networkFile(name: string): GeneNetwork {
  const file = new URL(`../../fixtures/cases/system-constants/${name}.json`, import.meta.url);
  return parseNetworkJson(readFileSync(file, 'utf8'), name);
}

/** Genes without edges, with rates between 1.2 and 2.8. */
function separateGenes(size: number): GeneNetwork {
  return new GeneNetwork({
    graph: new CausalGraph(size, new Uint8Array(size * size)),
    strengths: new Float32Array(size * size),
    basalRates: Float32Array.from({ length: size * 2 }, (_, entry) => 1.2 + (1.6 * ((3 * entry) % 7)) / 6),
    decays: new Float32Array(size).fill(0.8),
    hillCoefficient: 1,
    noiseAmplitude: 1,
  });
}

describe('half responses', () => {
  const constantsOf = (network: GeneNetwork) => {
    const [cells] = simulateLangevin([referenceRequest(network, 0.01)], { kernel: nativeSergioKernel() });
    return systemConstants(network, cells!, undefined);
  };

  test('are the unperturbed means: those of the fixed point without noise, near the stationary ones with it', () => {
    const quiet = chainNetwork([2, -4], [1, 2, 3], { noiseAmplitude: 0 });
    const [first, second] = constantsOf(quiet).halfResponses;
    expect(first).toBeCloseTo(2.5, 5);
    // Means over cell types of the regulator's own steady states.
    expect(second).toBeCloseTo(mean([1.25, 2.5, 3.75].map((x) => (2 * x) / (2.5 + x) / 0.8)), 4);
    // A root of rate 2: mean 2.59 (stationary law of the scheme); 4.5 standard errors of 3 %.
    const [noisy] = constantsOf(networkFile('two-genes')).halfResponses;
    expect(Math.abs(noisy! / 2.59 - 1)).toBeLessThan(0.135);
  });

  test('are the same for equal networks, and stay as they are where a network states them', () => {
    const network = randomNetwork('constants');
    const own = constantsOf(network).halfResponses;
    expect(constantsOf(randomNetwork('constants')).halfResponses).toEqual(own);
    const halfResponses = network.strengths.map((strength) => (strength === 0 ? Number.NaN : 3));
    const stated = new GeneNetwork({ ...network, halfResponses });
    expect(constantsOf(stated).halfResponses).toEqual(own.map(() => 3));
  });

  test('make a chain answer: the figures of the fixed point by hand', () => {
    const model = new SergioModel(networkFile('network'), config({ platform: 'none' }));
    const quiet = new SergioModel(new GeneNetwork({ ...model.network, noiseAmplitude: 0 }), model.settings);
    const means = (system: SergioModel, intervention: Intervention, rows: number) => {
      const cells = system.sample(intervention, rows, new RandomStream('chain'));
      return [2, 3].map((gene) => mean(geneColumn(cells, 4, gene)));
    };
    const expected: readonly (readonly [Intervention, number, number])[] = [
      [observe(4), 5, 2.5],
      [knockdown(4, [0]), 3.5, 1.644],
      [overexpression(4, [0]), 6.5, 3.14],
      [knockout(4, [0]), 2.5, 1],
      [knockdown(4, [2]), 2.5, 1],
    ];
    for (const [intervention, middle, end] of expected) {
      const [quietMiddle, quietEnd] = means(quiet, intervention, 2);
      expect(quietMiddle).toBeCloseTo(middle, 2);
      expect(quietEnd).toBeCloseTo(end, 2);
      // A tenth of the noise: standard deviations below .25, half responses within 1 %.
      const [noisyMiddle, noisyEnd] = means(model, intervention, 400);
      expect(Math.abs(noisyMiddle! - middle)).toBeLessThan(0.1);
      expect(Math.abs(noisyEnd! - end)).toBeLessThan(0.1);
    }
  });

  test('estimated in each condition, as published, they hide a knockdown', () => {
    const model = new SergioModel(networkFile('network'), config({ platform: 'none', ...PUBLISHED }));
    const middle = (intervention: Intervention) =>
      mean(geneColumn(model.sample(intervention, 200, new RandomStream('hidden')), 4, 2));
    expect(middle(knockdown(4, [0])) / middle(observe(4))).toBeCloseTo(1, 1);
  });
});

describe('independent cells', () => {
  const model = new SergioModel(networkFile('two-genes'), config({ platform: 'none' }));
  const SEEDS = 1500;
  const cellsOf = (rows: number) =>
    Array.from({ length: SEEDS }, (_, seed) =>
      geneColumn(model.sample(observe(2), rows, new RandomStream(`law/${rows}/${seed}`)), 2, 0),
    );

  test.each([2, 10, 50])('%i cells: the stationary law, and a mean that varies as 1/n', (rows) => {
    const samples = cellsOf(rows);
    for (const place of [0, rows - 1]) {
      const cell = Float32Array.from(samples, (sample) => sample[place]!);
      // Mean 2.59 and variance 2.33; a standard error of the variance is below 5 % here.
      expect(Math.abs(mean(cell) - 2.59)).toBeLessThan(4.5 * Math.sqrt(2.33 / SEEDS));
      expect(Math.abs(deviation(cell) ** 2 / 2.33 - 1)).toBeLessThan(4.5 * 0.05);
    }
    const means = Float32Array.from(samples, mean);
    expect(Math.abs((rows * deviation(means) ** 2) / 2.33 - 1)).toBeLessThan(4.5 * 0.05);
  });
});

describe.each(PLATFORM_NAMES)('genes without edges on %s', (platform) => {
  const network = separateGenes(5);
  const options = { platform, technicalEffects: ['library-size', 'dropout', 'counts'] };
  /** Of genes 3 and 4, which nothing is done to: log ratio of mean counts and difference in the share of zeros, in standard errors. */
  const changes = (model: SergioModel, intervention: Intervention) => {
    const [control, treated] = [observe(5), intervention].map((one, index) =>
      model.sample(one, CELLS, new RandomStream(`null/${platform}/${index}`)),
    ) as [Float32Array, Float32Array];
    return [3, 4].flatMap((gene) =>
      [(x: number) => x, (x: number) => (x === 0 ? 1 : 0)].map((statistic) => {
        const [before, after] = [control, treated].map((cells) => geneColumn(cells, 5, gene).map(statistic));
        const standardError = Math.hypot(deviation(before!), deviation(after!)) / Math.sqrt(CELLS);
        return Math.abs(mean(after!) - mean(before!)) / standardError;
      }),
    );
  };

  test.each([
    ['one', knockout(5, [0])],
    ['three', knockout(5, [0, 1, 2])],
    ['a knockdown of three', knockdown(5, [0, 1, 2])],
    ['over-expression of three', overexpression(5, [0, 1, 2])],
  ])('knockouts change nothing but their targets: %s', (_, intervention) => {
    const model = new SergioModel(network, config(options));
    for (const standardErrors of changes(model, intervention)) expect(standardErrors).toBeLessThan(4.5);
  });

  test('constants of each condition, as published, change all others', () => {
    const model = new SergioModel(network, config({ ...options, measurement: 'condition' }));
    expect(Math.max(...changes(model, knockout(5, [0, 1, 2])))).toBeGreaterThan(20);
  });
});

test('outlier genes and their factors are the same in every experiment, and differ from network to network', () => {
  const effects = ['outliers'];
  const network = separateGenes(300);
  const model = new SergioModel(network, config({ noiseAmplitude: 0, technicalEffects: effects }));
  const clean = new SergioModel(network, config({ platform: 'none' }));
  const ratios = (measured: SergioModel, seed: string, intervention = observe(300)) => {
    const [cells, reference] = [measured, clean].map((one) => one.sample(intervention, 2, new RandomStream(seed)));
    return cells!
      .slice(0, 300)
      .map((x, gene) => (reference![gene] === 0 ? 1 : Math.round((100 * x) / reference![gene]!)));
  };
  const first = ratios(model, 'one');
  const outliers = [...first.keys()].filter((gene) => first[gene] !== 100 && first[gene] !== 1);
  expect(outliers.length).toBeGreaterThan(0);
  expect(outliers.length).toBeLessThan(15);
  const again = ratios(model, 'two', knockout(300, [299]));
  for (const gene of outliers)
    if (again[gene] !== 1) expect(Math.abs(again[gene]! / first[gene]! - 1)).toBeLessThan(0.02);
  const published = new SergioModel(network, config({ technicalEffects: effects, ...PUBLISHED, cells: 'independent' }));
  const drawn = new Set(
    [1, 2, 3, 4].map((seed) =>
      JSON.stringify(Array.from(published.sample(observe(300), 2, new RandomStream(`drawn/${seed}`)), (x) => x > 60)),
    ),
  );
  expect(drawn.size).toBeGreaterThan(1);
});

test('constants of a platform are those of unperturbed cells', () => {
  const network = separateGenes(5);
  const [cells] = simulateLangevin([referenceRequest(network, 0.01)], { kernel: nativeSergioKernel() });
  const effects = ['outliers', 'library-size', 'dropout', 'counts'] as const;
  const { measurement } = systemConstants(network, cells!, { platform: PLATFORMS.illumina, effects });
  expect(measurement!.meanTotal).toBeGreaterThan(0);
  // 80 % of entries lie below the midpoint; totals are about exp(7), spread over five genes.
  expect(measurement!.dropoutMidpoint).toBeGreaterThan(Math.log1p(Math.exp(7) / 5));
  expect(measurement!.dropoutMidpoint).toBeLessThan(Math.log1p(Math.exp(7)));
});
