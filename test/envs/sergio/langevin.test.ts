import { describe, expect, test } from 'vitest';
import { nativeSergioKernel } from '../../../core/native/ops/sergio.js';
import { GeneNetwork } from '../../../envs/sergio/gene-network.js';
import { simulateLangevin } from '../../../envs/sergio/langevin.js';
import { independentPlan, type SnapshotSettings, snapshotPlan } from '../../../envs/sergio/langevin-plan.js';
import { hill, type LangevinRequest, simulateLangevinReference } from '../../../envs/sergio/langevin-reference.js';
import { chainNetwork, deviation, geneColumn, mean, randomNetwork } from './networks.js';

const settings: SnapshotSettings = { timeStep: 0.01, stepsPerCell: 15, safetyStepsPerLevel: 10 };
const kernel = nativeSergioKernel();
const withKernel = test.skipIf(kernel === undefined);

interface Changes {
  /** Published cells of each type. */
  readonly cellsPerType?: number;
  /** Independent cells of these types instead. */
  readonly types?: Int32Array;
  readonly productionFactors?: Float32Array;
  /** One for all edges; left out, the means of each request. */
  readonly halfResponse?: number;
  readonly key?: Uint32Array;
}

function request(network: GeneNetwork, changes: Changes = {}): LangevinRequest {
  const { cellsPerType = 4, types, halfResponse = -1 } = changes;
  return {
    network,
    plan:
      types === undefined
        ? snapshotPlan(network, cellsPerType, settings)
        : independentPlan(network, types, settings.timeStep),
    productionFactors: changes.productionFactors ?? new Float32Array(network.size).fill(1),
    halfResponses: new Float32Array(network.regulatorLists.regulators.length).fill(halfResponse),
    key: changes.key ?? Uint32Array.of(11, 12),
  };
}

function withFactor(network: GeneNetwork, gene: number, factor: number, changes: Changes = {}): LangevinRequest {
  const productionFactors = new Float32Array(network.size).fill(1);
  productionFactors[gene] = factor;
  return request(network, { ...changes, productionFactors });
}

/** `count` independent cells of each of a number of types. */
function typesOf(count: number, cellTypes: number): Int32Array {
  return Int32Array.from({ length: count * cellTypes }, (_, cell) => Math.floor(cell / count));
}

describe('hill', () => {
  test('is x^c / (h^c + x^c), a half at the half response', () => {
    expect(hill(2, 2, 1)).toBe(0.5);
    expect(hill(3, 1, 2)).toBeCloseTo(0.9, 12);
  });

  test('is 0 at 0 also without a half response, so that a repressor that is off represses nothing', () => {
    expect(hill(0, 0, 2)).toBe(0);
    expect(hill(0, 5, 1)).toBe(0);
  });
});

describe('the reference', () => {
  test('stays at the steady state where there is no noise', () => {
    const network = chainNetwork([2, -4], [1, 2, 3], { noiseAmplitude: 0 });
    const { cells } = simulateLangevinReference(request(network));
    const steady = [1, 2, 3].map((rate) => rate / 0.8);
    const half = mean(steady);
    steady.forEach((x0, type) => {
      const x1 = (2 * x0) / (half + x0) / 0.8;
      expect(cells[type * 4 * 3]).toBeCloseTo(x0, 5);
      expect(cells[type * 4 * 3 + 1]).toBeCloseTo(x1, 5);
    });
  });

  test('a master regulator has mean b / lambda and variance b / lambda', () => {
    const network = chainNetwork([1], [40]);
    const { cells } = simulateLangevinReference(request(network, { cellsPerType: 4000 }));
    const column = geneColumn(cells, 2, 0);
    // One trajectory of 600 time units has about 240 independent states: 4 standard errors.
    expect(Math.abs(mean(column) - 50)).toBeLessThan((4 * Math.sqrt(50)) / Math.sqrt(240));
    const variance = mean(column.map((x) => (x - mean(column)) ** 2));
    expect(Math.abs(variance / 50 - 1)).toBeLessThan(0.37);
  });

  test('never gives negative expression', () => {
    const { cells } = simulateLangevinReference(request(chainNetwork([-1, -1], [0.05])));
    expect(cells.every((x) => x >= 0)).toBe(true);
  });

  test('reads all genes of a cell at one step within the last window', () => {
    const { steps, trajectories, snapshotSteps, cells } = simulateLangevinReference(
      request(randomNetwork('cells'), { cellsPerType: 3 }),
    );
    snapshotSteps.forEach((step, cell) => {
      expect(step).toBeGreaterThan(steps - 45);
      expect(step).toBeLessThanOrEqual(steps);
      trajectories.forEach((path, gene) => {
        expect(cells[cell * 10 + gene]).toBe(path[step * 5 + Math.floor(cell / 3)]);
      });
    });
  });
});

describe.each([
  ['TypeScript', undefined],
  ['native', kernel],
] as const)('%s simulation', (name, used) => {
  const run = test.skipIf(name === 'native' && kernel === undefined);
  const simulate = (...requests: LangevinRequest[]) => simulateLangevin(requests, { kernel: used });

  run('a knockout changes descendants only, and the rest not by a bit', () => {
    const network = randomNetwork('knockout');
    const [wild] = simulate(request(network));
    for (let gene = 0; gene < network.size; gene++) {
      const [knocked] = simulate(withFactor(network, gene, 0));
      const reached = descendants(network, gene);
      for (let other = 0; other < network.size; other++) {
        const column = geneColumn(knocked!, network.size, other);
        if (other === gene) expect(column.every((x) => x === 0)).toBe(true);
        else if (reached.has(other)) expect(column).not.toEqual(geneColumn(wild!, network.size, other));
        else expect(column).toEqual(geneColumn(wild!, network.size, other));
      }
    }
  });

  run('a knockdown of a master regulator lowers it and an activated target, over-expression raises both', () => {
    const network = chainNetwork([4], [3], { noiseAmplitude: 0.1 });
    const genes = (factor: number) => {
      const [cells] = simulate(withFactor(network, 0, factor));
      return [mean(geneColumn(cells!, 2, 0)), mean(geneColumn(cells!, 2, 1))] as const;
    };
    const [normal, normalTarget] = genes(1);
    const [low] = genes(0.5);
    const [high] = genes(2);
    expect(low / normal).toBeCloseTo(0.5, 1);
    expect(high / normal).toBeCloseTo(2, 1);
    // The half response is the regulator's own mean in the same condition, so with one cell type the target stays.
    expect(normalTarget).toBeCloseTo(2 / 0.8, 1);
  });

  run('half responses that are stated: a knockdown and an over-expression reach the target', () => {
    const network = chainNetwork([4], [2], { noiseAmplitude: 0 });
    const target = (factor: number, changes: Changes) => {
      const [cells] = simulate(withFactor(network, 0, factor, { halfResponse: 2.5, ...changes }));
      return mean(geneColumn(cells!, 2, 1));
    };
    for (const changes of [{}, { types: typesOf(3, 1) }]) {
      expect(target(1, changes)).toBeCloseTo(4 / 2 / 0.8, 4);
      expect(target(0.5, changes)).toBeCloseTo(4 / 3 / 0.8, 4);
      expect(target(2, changes)).toBeCloseTo((4 * 2) / 3 / 0.8, 4);
    }
  });

  run('more paths than a block: all of their own types, and none like another', () => {
    const network = chainNetwork([4], [1, 3]);
    const types = typesOf(150, 2);
    const [cells] = simulate(request(network, { types, halfResponse: 2 }));
    const column = geneColumn(cells!, 2, 0);
    expect(new Set(column.filter((x) => x > 0)).size).toBe(column.filter((x) => x > 0).length);
    const [low, high] = [column.slice(0, 150), column.slice(150)];
    // Means of 150 independent cells of 1.25 and 3.75, both with a standard deviation below 2.
    expect(mean(high) - mean(low)).toBeGreaterThan(2.5 - 5 * 2 * Math.sqrt(2 / 150));
  });

  run.each([
    ['sp', 0.5],
    ['dpd', 1],
    ['spd', 2],
  ] as const)(
    'noise of kind %s: a master regulator far from 0 has %d times its mean as variance',
    (noiseKind, share) => {
      const network = new GeneNetwork({ ...chainNetwork([1], [40]), noiseKind });
      // 60,000 steps of the published path are 240 independent cells; of independent ones as many cells are asked for.
      for (const changes of [{ cellsPerType: 4000 }, { types: typesOf(1000, 1) }]) {
        const [cells] = simulate(request(network, { halfResponse: 50, ...changes }));
        const column = geneColumn(cells!, 2, 0);
        const count = 'types' in changes ? 1000 : 240;
        expect(Math.abs(mean(column) - 50)).toBeLessThan(4.5 * Math.sqrt((share * 50) / count));
        expect(Math.abs(deviation(column) ** 2 / (share * 50) - 1)).toBeLessThan(4.5 * Math.sqrt(2 / count));
      }
    },
  );

  run('several genes at once: their common target reaches what no regulator gives', () => {
    const network = chainNetwork([4, 4], [2, 3]);
    const productionFactors = Float32Array.of(0, 0, 1);
    const [cells] = simulate(request(network, { productionFactors }));
    expect(cells!.every((x) => x === 0)).toBe(true);
  });

  run('a repressor that is knocked out sets its target free', () => {
    const network = chainNetwork([-4], [3], { noiseAmplitude: 0 });
    const [cells] = simulate(withFactor(network, 0, 0));
    for (const x of geneColumn(cells!, 2, 1)) expect(x).toBeCloseTo(5, 4);
  });

  run('depends on the key and on nothing else in the call', () => {
    const network = randomNetwork('company');
    const one = request(network);
    const [alone] = simulate(one);
    const others = [
      request(randomNetwork('other'), { key: Uint32Array.of(1, 1) }),
      request(randomNetwork('small', { variables: 4 })),
      request(network, { cellsPerType: 2 }),
    ];
    expect(simulate(...others, one)[3]).toEqual(alone);
    expect(simulate(request(network, { key: Uint32Array.of(11, 13) }))[0]).not.toEqual(alone);
  });

  run('works for one gene, no edges, and one cell', () => {
    const network = randomNetwork('single', { variables: 1, cellTypes: 1 });
    expect(simulate(request(network, { cellsPerType: 1 }))[0]).toHaveLength(1);
    expect(simulate()).toEqual([]);
  });

  run('refuses arrays that do not fit', () => {
    const network = randomNetwork('refused');
    expect(() => simulate(request(network, { cellsPerType: 0 }))).toThrow('at least one cell is needed, got 5 with 0');
    expect(() => simulate(request(network, { types: new Int32Array(0) }))).toThrow('at least one path');
    expect(() => simulate(request(network, { productionFactors: new Float32Array(3) }))).toThrow(
      /10 genes and \d+ edges need 10 production factors/,
    );
    expect(() => simulate({ ...request(network), halfResponses: new Float32Array(1) })).toThrow(/half responses/);
    expect(() => simulate(withFactor(network, 2, Number.NaN))).toThrow('production factor of gene2 must be at least 0');
  });
});

describe('native and TypeScript', () => {
  const cellTypes = [1, 3, 5, 8, 9, 16, 17, 20];
  withKernel.each(cellTypes)('give the same cells up to rounding with %i cell types', (count) => {
    for (const hillCoefficient of [1, 2, 1.7]) {
      const network = randomNetwork(`agreement/${count}`, {
        cellTypes: count,
        hillCoefficient,
        noiseKind: hillCoefficient === 1 ? 'dpd' : hillCoefficient === 2 ? 'spd' : 'sp',
      });
      const requests = [request(network), withFactor(network, 1, 0.5), withFactor(network, 0, 0)];
      const native = simulateLangevin(requests, { kernel });
      const reference = simulateLangevin(requests, { kernel: undefined });
      native.forEach((cells, index) => {
        cells.forEach((x, entry) => {
          const expected = reference[index]![entry]!;
          expect(Math.abs(x - expected)).toBeLessThan(1e-3 * Math.max(1, expected));
        });
      });
    }
  });

  withKernel.each([1, 7, 16, 37, 64, 70])('give the same %i independent cells up to rounding', (count) => {
    for (const hillCoefficient of [1, 2, 1.7]) {
      const network = randomNetwork(`independent/${count}`, {
        hillCoefficient,
        noiseKind: hillCoefficient === 1 ? 'spd' : hillCoefficient === 2 ? 'dpd' : 'sp',
        decays: { minimum: 0.5, maximum: 1 },
      });
      const changes = { types: typesOf(count, 5).subarray(0, count), halfResponse: 2 };
      const requests = [
        request(network, changes),
        withFactor(network, 1, 0.5, changes),
        withFactor(network, 0, 0, changes),
      ];
      const native = simulateLangevin(requests, { kernel });
      const reference = simulateLangevin(requests, { kernel: undefined });
      native.forEach((cells, index) => {
        cells.forEach((x, entry) => {
          const expected = reference[index]![entry]!;
          expect(Math.abs(x - expected)).toBeLessThan(1e-3 * Math.max(1, expected));
        });
      });
    }
  });

  withKernel('the number of threads does not change a bit', () => {
    const requests = Array.from({ length: 60 }, (_, index) =>
      request(randomNetwork(`threads/${index}`), { key: Uint32Array.of(index, 0) }),
    );
    const [one, four] = [1, 4].map((threads) => simulateLangevin(requests, { kernel, threads }));
    expect(four).toEqual(one);
  });
});

function descendants({ graph, size }: GeneNetwork, gene: number): Set<number> {
  const reached = new Set<number>();
  const frontier = [gene];
  for (let from = frontier.pop(); from !== undefined; from = frontier.pop()) {
    for (let to = 0; to < size; to++) {
      if (!graph.hasEdge(from, to) || reached.has(to)) continue;
      reached.add(to);
      frontier.push(to);
    }
  }
  return reached;
}
