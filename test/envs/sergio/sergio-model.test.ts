import { describe, expect, test } from 'vitest';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { doIntervention, knockdown, knockout, observe, overexpression } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnv } from '../../../envs/design/design-env.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { checkEnvironment } from '../../../envs/design/environment-checker.js';
import { sergioOodSuite } from '../../../envs/ood/sergio-ood-suite.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { GeneNetworkPrior } from '../../../envs/sergio/gene-network-prior.js';
import { measureCells, SergioModel } from '../../../envs/sergio/sergio-model.js';
import { chainNetwork, geneColumn, mean } from './networks.js';

const clean = SergioConfig.parse({ kind: 'sergio', platform: 'none' });
const chromium = SergioConfig.parse({ kind: 'sergio' });
const stream = new RandomStream('test/sergio-model');

/** Gives every edge the same probability. */
const indifferent: GraphPosterior = {
  edgeProbabilities: (histories) =>
    Float32Array.from(
      histories.flatMap(({ size }) => Array.from({ length: size * size }, (_, e) => (e % (size + 1) === 0 ? 0 : 0.3))),
    ),
};

describe('SergioModel', () => {
  const model = new GeneNetworkPrior(chromium).sample(new RandomStream('a network'));

  test.each([0, 1, 3, 5, 7, 50])('measures %i rows, the same again for the same stream', (rows) => {
    const first = model.measure(observe(10), rows, stream);
    expect(first.values).toHaveLength(10 * rows);
    expect(first.cellTypes).toHaveLength(rows);
    expect(model.measure(observe(10), rows, stream)).toEqual(first);
    expect(first.values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  });

  test('every cell type has its share of the rows, in order', () => {
    expect([...model.measure(observe(10), 10, stream).cellTypes]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test('fewer rows than cell types: a random choice of types', () => {
    const seen = new Set<number>();
    for (let index = 0; index < 60; index++) {
      const { cellTypes } = model.measure(observe(10), 2, new RandomStream(`choice/${index}`));
      expect(cellTypes[0]).toBeLessThan(cellTypes[1]!);
      seen.add(cellTypes[0]!).add(cellTypes[1]!);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('the kinds of intervention act as named', () => {
    const quiet = new SergioModel(chainNetwork([3], [2], { noiseAmplitude: 0 }), clean);
    const level = (intervention: ReturnType<typeof observe>) =>
      mean(geneColumn(quiet.sample(intervention, 5, stream), 2, 0));
    expect(level(observe(2))).toBeCloseTo(2.5, 5);
    expect(level(knockout(2, [0]))).toBe(0);
    expect(level(knockdown(2, [0]))).toBeCloseTo(1.25, 5);
    expect(level(overexpression(2, [0]))).toBeCloseTo(5, 5);
    expect(level(knockout(2, [1]))).toBeCloseTo(2.5, 5);
  });

  test('refuses do-interventions and numbers of rows that cannot be', () => {
    expect(() => model.sample(doIntervention(10, { 1: 2 }), 1, stream)).toThrow(
      "kind 'do' is not supported here; use one of: none, knockout, knockdown, overexpression",
    );
    expect(() => model.sample(observe(10), -1, stream)).toThrow("'rows' must be an integer of at least 0, got -1");
  });

  test('many networks in one call are as each alone, on any number of threads', () => {
    const prior = new GeneNetworkPrior(chromium);
    const small = new GeneNetworkPrior(SergioConfig.parse({ kind: 'sergio', variables: 3, stepsPerCell: 20 }));
    const requests = Array.from({ length: 30 }, (_, index) => {
      const drawn = (index % 3 === 0 ? small : prior).sample(new RandomStream(`many/${index}`));
      return {
        model: drawn,
        intervention: knockout(drawn.size, [index % 3]),
        rows: index % 7,
        stream: new RandomStream(`many/${index}/noise`),
      };
    });
    const together = measureCells(requests, 3);
    requests.forEach(({ model: alone, intervention, rows, stream: own }, index) => {
      expect(together[index]).toEqual(alone.measure(intervention, rows, own));
    });
  });
});

describe('GeneNetworkPrior', () => {
  test('draws numbers from the ranges of its config', () => {
    const config = SergioConfig.parse({ kind: 'sergio', variables: 30, decays: { minimum: 0.5, maximum: 1 } });
    const { network } = new GeneNetworkPrior(config).sample(new RandomStream('ranges'));
    network.strengths.forEach((strength, entry) => {
      if (network.graph.adjacency[entry] === 0) expect(strength).toBe(0);
      else expect(Math.abs(strength) >= 1 && Math.abs(strength) <= 5).toBe(true);
    });
    expect(network.basalRates.every((rate) => rate >= 1 && rate <= 3)).toBe(true);
    expect(network.decays.every((decay) => decay >= 0.5 && decay <= 1)).toBe(true);
    expect(network.cellTypes).toBe(5);
  });

  test('signs go by regulator: Beta(0.5, 0.5) makes most regulators one-sided', () => {
    const config = SergioConfig.parse({ kind: 'sergio', variables: 20 });
    let agreeing = 0;
    let pairs = 0;
    for (let index = 0; index < 200; index++) {
      const { strengths, size } = new GeneNetworkPrior(config).sample(new RandomStream(`signs/${index}`)).network;
      for (let regulator = 0; regulator < size; regulator++) {
        const row = [...strengths.subarray(regulator * size, (regulator + 1) * size)].filter((k) => k !== 0);
        for (let i = 1; i < row.length; i += 2) {
          pairs++;
          if (row[i]! * row[i - 1]! > 0) agreeing++;
        }
      }
    }
    // Two edges agree with probability E[p^2 + (1 - p)^2] = 3/4.
    expect(Math.abs(agreeing / pairs - 0.75)).toBeLessThan(4 * Math.sqrt(0.1875 / pairs));
  });

  test('a range turned round is refused', () => {
    expect(() => SergioConfig.parse({ kind: 'sergio', strengths: { minimum: 5, maximum: 1 } })).toThrow(
      'minimum must not exceed maximum',
    );
    expect(() => SergioConfig.parse({ kind: 'sergio', cellTypesss: 5 })).toThrow('cellTypesss');
  });
});

describe('the design environment on gene networks', () => {
  const base = DesignEnvConfig.parse({
    prior: { kind: 'sergio', variables: 5 },
    initialRows: 10,
    budget: 3,
    interventionKind: 'knockout',
  });

  test('honours the contract, in distribution and under every shift', () => {
    for (const config of [base, ...sergioOodSuite([7]).map((shift) => shift.apply(base))])
      expect(checkEnvironment(() => DesignEnv.fromConfig(config, indifferent))).toEqual([]);
  });

  test('the suite has the shifts of the paper, each different from the base', () => {
    const suite = sergioOodSuite();
    expect(suite.map(({ name }) => name)).toEqual([
      'scale-free',
      'drop-seq',
      'knockdown',
      'noisy-knockouts',
      'variables-15',
      'variables-20',
      'variables-30',
    ]);
    for (const shift of suite) expect(shift.apply(base)).not.toEqual(base);
  });

  test('a shift of gene networks does not apply to linear systems', () => {
    expect(() => sergioOodSuite()[0]!.apply(DesignEnvConfig.parse({}))).toThrow("is about 'sergio' systems");
  });

  test('noisy knockouts: the history keeps the request', () => {
    const env = DesignEnv.fromConfig({ ...base, targetFlipProbability: 1 }, indifferent);
    env.reset(new RandomStream('flips'));
    const { history } = env.step(knockout(5, [2]));
    expect([...history.targets.subarray(50)]).toEqual([0, 0, 1, 0, 0]);
    const row = [...history.values.subarray(50)];
    expect(row.filter((_, gene) => gene !== 2)).toEqual([0, 0, 0, 0]);
  });
});
