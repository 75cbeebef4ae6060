import fc from 'fast-check';
import { inverse, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import {
  doIntervention,
  type Intervention,
  knockout,
  observe,
  shiftIntervention,
} from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { LinearScmConfig } from '../../../envs/linear-scm/config.js';
import { LinearScm } from '../../../envs/linear-scm/linear-scm.js';
import { LinearScmPrior } from '../../../envs/linear-scm/linear-scm-prior.js';
import { type LinearScmNoise, STANDARD_MOMENTS } from '../../../envs/linear-scm/noise.js';
import { permutations } from '../../core/causal/arbitrary-graphs.js';

const HOMOSKEDASTIC = ['gaussian', 'laplace', 'gumbel'] as const;
const KINDS = [...HOMOSKEDASTIC, 'heteroskedastic'] as const;

function scmOf(kind: (typeof KINDS)[number], size: number, seed: number): LinearScm {
  const config = LinearScmConfig.parse({
    kind: 'linear-scm',
    variables: size,
    graph: { degree: Math.min(2, size / 4) },
    noise: { kind, features: 20 },
  });
  return new LinearScmPrior(config).sample(new RandomStream(`linear-scm/${kind}/${seed}`));
}

/** Any homoskedastic or heteroskedastic model of 1 to 6 variables. */
const models = fc
  .tuple(fc.constantFrom(...KINDS), fc.integer({ min: 1, max: 6 }), fc.nat())
  .map(([kind, size, seed]) => scmOf(kind, size, seed));

const values = fc.double({ min: -3, max: 3, noNaN: true }).map(Math.fround);

/** A model with an intervention on any subset of its variables. */
function experiments(kind: 'do' | 'shift'): fc.Arbitrary<{ model: LinearScm; intervention: Intervention }> {
  return models.chain((model) =>
    fc.array(fc.option(values), { minLength: model.size, maxLength: model.size }).map((chosen) => {
      const assigned = Object.fromEntries(chosen.flatMap((value, k) => (value === null ? [] : [[k, value]])));
      const make = kind === 'do' ? doIntervention : shiftIntervention;
      return { model, intervention: make(model.size, assigned) };
    }),
  );
}

function sampled(model: LinearScm, intervention: Intervention, rows = 4): Float32Array {
  return model.sample(intervention, rows, new RandomStream('noise'));
}

/** (I - B)^-1 by an independent inversion, entry (i, j) the total effect of i's noise on j. */
function invertedEffects({ size, coefficients }: LinearScm): Matrix {
  return inverse(Matrix.sub(Matrix.eye(size, size), new Matrix([...rowsOf(coefficients, size)])));
}

function* rowsOf(matrix: Float64Array, size: number): Generator<number[]> {
  for (let row = 0; row < size; row++) yield [...matrix.subarray(row * size, (row + 1) * size)];
}

describe('sampling', () => {
  test('do sets every target to exactly its value', () => {
    fc.assert(
      fc.property(experiments('do'), ({ model, intervention }) => {
        sampled(model, intervention).forEach((value, entry) => {
          const variable = entry % model.size;
          if (intervention.targets[variable] === 1) expect(value).toBe(intervention.values![variable]);
        });
      }),
    );
  });

  test('with equal noise, variables that no target leads to keep their values, bit for bit', () => {
    fc.assert(
      fc.property(fc.oneof(experiments('do'), experiments('shift')), ({ model, intervention }) => {
        const affected = new Uint8Array(model.size);
        intervention.targets.forEach((flag, target) => {
          if (flag === 0) return;
          affected[target] = 1;
          model.graph.descendants(target).forEach((reached, variable) => {
            if (reached === 1) affected[variable] = 1;
          });
        });
        const before = sampled(model, observe(model.size));
        sampled(model, intervention).forEach((value, entry) => {
          if (affected[entry % model.size] === 0) expect(value).toBe(before[entry]);
        });
      }),
    );
  });

  test('no targets at all is an observation', () => {
    fc.assert(
      fc.property(models, (model) => {
        expect(sampled(model, doIntervention(model.size, {}))).toEqual(sampled(model, observe(model.size)));
      }),
    );
  });

  test('a homoskedastic shift moves every row by (I - B)^-1 times the shift', () => {
    fc.assert(
      fc.property(experiments('shift'), ({ model, intervention }) => {
        fc.pre(model.noise.kind !== 'heteroskedastic');
        const shift = [...intervention.values!];
        const moved = Matrix.rowVector(shift).mmul(invertedEffects(model)).to1DArray();
        const before = sampled(model, observe(model.size));
        sampled(model, intervention).forEach((value, entry) => {
          expect(value - before[entry]!).toBeCloseTo(moved[entry % model.size]!, 4);
        });
      }),
    );
  });

  test('fewer rows are a prefix of more, and the stream decides everything', () => {
    fc.assert(
      fc.property(models, (model) => {
        const many = sampled(model, observe(model.size), 7);
        expect(sampled(model, observe(model.size), 3)).toEqual(many.slice(0, 3 * model.size));
        expect(sampled(model, observe(model.size), 0)).toHaveLength(0);
      }),
    );
  });

  test('relabelling the variables relabels the samples', () => {
    fc.assert(
      fc.property(
        experiments('do').chain((c) => fc.tuple(fc.constant(c), permutations(c.model.size))),
        ([{ model, intervention }, names]) => {
          fc.pre(model.noise.kind !== 'heteroskedastic');
          const { size } = model;
          const renamed = relabelledModel(model, names);
          const moved = <T extends Float64Array | Float32Array | Uint8Array>(array: T): T => {
            const result = array.slice() as T;
            array.forEach((value, entry) => {
              result[entry - (entry % size) + names[entry % size]!] = value;
            });
            return result;
          };
          const noise = new RandomStream('noise').fillNormal(new Float64Array(3 * size));
          const renamedNoise = moved(noise);
          model.propagate(noise, intervention);
          renamed.propagate(renamedNoise, {
            kind: 'do',
            targets: moved(intervention.targets),
            values: moved(intervention.values!),
          });
          moved(noise).forEach((value, entry) => {
            expect(renamedNoise[entry]).toBeCloseTo(value, 10);
          });
        },
      ),
    );
  });
});

function relabelledModel(model: LinearScm, names: readonly number[]): LinearScm {
  const { size } = model;
  const coefficients = new Float64Array(size * size);
  model.coefficients.forEach((coefficient, entry) => {
    coefficients[names[Math.floor(entry / size)]! * size + names[entry % size]!] = coefficient;
  });
  const noise = model.noise as Extract<LinearScmNoise, { scales: Float64Array }>;
  const scales = noise.scales.slice();
  noise.scales.forEach((scale, variable) => {
    scales[names[variable]!] = scale;
  });
  return new LinearScm({ graph: model.graph.relabelled(names), coefficients, noise: { kind: noise.kind, scales } });
}

describe('closed forms', () => {
  test('total effects equal the inverse of I - B', () => {
    fc.assert(
      fc.property(models, (model) => {
        const expected = invertedEffects(model).to1DArray();
        model.totalEffects(observe(model.size)).forEach((effect, entry) => {
          expect(effect).toBeCloseTo(expected[entry]!, 8);
        });
      }),
    );
  });

  test.each(HOMOSKEDASTIC)('%s: mean and covariance of samples', (kind) => {
    const model = scmOf(kind, 6, 1);
    const rows = 40_000;
    for (const intervention of [
      observe(6),
      doIntervention(6, { 0: 1, 3: -1 }),
      shiftIntervention(6, { 1: 0.5, 4: 2 }),
    ]) {
      const samples = model.sample(intervention, rows, new RandomStream(`moments/${kind}`));
      const mean = model.interventionalMean(intervention);
      const covariance = model.interventionalCovariance(intervention);
      const columnMean = (i: number) => averageOver(rows, (row) => samples[row * 6 + i]!);
      for (let i = 0; i < 6; i++) {
        const tolerance = 5 * Math.sqrt(covariance[i * 6 + i]! / rows) + 1e-6;
        expect(Math.abs(columnMean(i) - mean[i]!)).toBeLessThan(tolerance);
        for (let j = 0; j <= i; j++) {
          const measured = averageOver(
            rows,
            (row) => (samples[row * 6 + i]! - mean[i]!) * (samples[row * 6 + j]! - mean[j]!),
          );
          const scale = Math.sqrt(covariance[i * 6 + i]! * covariance[j * 6 + j]!);
          expect(Math.abs(measured - covariance[i * 6 + j]!)).toBeLessThan(0.05 * scale + 1e-6);
        }
      }
    }
  });

  test('heteroskedastic: mean of samples; no covariance in closed form', () => {
    const model = scmOf('heteroskedastic', 5, 2);
    const rows = 40_000;
    const intervention = doIntervention(5, { 2: 1 });
    const samples = model.sample(intervention, rows, new RandomStream('moments/heteroskedastic'));
    model.interventionalMean(intervention).forEach((mean, variable) => {
      const measured = averageOver(rows, (row) => samples[row * 5 + variable]!);
      const variance = averageOver(rows, (row) => (samples[row * 5 + variable]! - measured) ** 2);
      expect(Math.abs(measured - mean)).toBeLessThan(5 * Math.sqrt(variance / rows) + 1e-6);
    });
    expect(() => model.interventionalCovariance(intervention)).toThrow('no closed-form covariance');
  });

  test('the heteroskedastic spread of a child changes with its parent', () => {
    const config = LinearScmConfig.parse({
      kind: 'linear-scm',
      variables: 2,
      graph: { degree: 1 },
      noise: { kind: 'heteroskedastic', lengthScale: 1 },
    });
    const model = new LinearScmPrior(config).sample(new RandomStream('spread/1'));
    const parent = model.graph.topologicalOrder[0]!;
    const child = 1 - parent;
    const spread = (value: number) => {
      const samples = model.sample(doIntervention(2, { [parent]: value }), 4000, new RandomStream('spread'));
      const mean = model.interventionalMean(doIntervention(2, { [parent]: value }))[child]!;
      return Math.sqrt(averageOver(4000, (row) => (samples[row * 2 + child]! - mean) ** 2));
    };
    expect(model.graph.hasEdge(parent, child)).toBe(true);
    const spreads = [-2, -1, 0, 1, 2].map(spread);
    expect(Math.max(...spreads) / Math.min(...spreads)).toBeGreaterThan(1.3);
  });
});

function averageOver(rows: number, value: (row: number) => number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += value(row);
  return sum / rows;
}

test.each(HOMOSKEDASTIC)('%s: standard noise has the documented mean and variance', (kind) => {
  const graph = new CausalGraph(1, new Uint8Array(1));
  const model = new LinearScm({
    graph,
    coefficients: new Float64Array(1),
    noise: { kind, scales: Float64Array.of(1) },
  });
  const samples = model.sample(observe(1), 40_000, new RandomStream(`standard/${kind}`));
  const { mean, variance } = STANDARD_MOMENTS[kind];
  expect(averageOver(40_000, (row) => samples[row]!)).toBeCloseTo(mean, 1);
  expect(averageOver(40_000, (row) => (samples[row]! - mean) ** 2) / variance).toBeCloseTo(1, 1);
});

describe('refusals', () => {
  const graph = CausalGraph.fromEdges(2, [[0, 1]]);
  const noise: LinearScmNoise = { kind: 'gaussian', scales: Float64Array.of(1, 1) };

  test.each([
    ['a coefficient without edge', Float64Array.of(0, 1, 1, 0), 'coefficient (1, 0) is 1'],
    ['an infinite coefficient', Float64Array.of(0, 1 / 0, 0, 0), 'coefficient (0, 1) is Infinity'],
    ['too few coefficients', new Float64Array(2), "LinearScm: 'coefficients' must have shape [4], got [2]"],
  ])('%s', (_, coefficients, message) => {
    expect(() => new LinearScm({ graph, coefficients, noise })).toThrow(message);
  });

  test('noise of another size', () => {
    const short: LinearScmNoise = { kind: 'gaussian', scales: new Float64Array(1) };
    expect(() => new LinearScm({ graph, coefficients: new Float64Array(4), noise: short })).toThrow(
      "'noise' must have shape [2], got [1]",
    );
  });

  test('kinds of intervention that linear systems do not have', () => {
    const model = new LinearScm({ graph, coefficients: new Float64Array(4), noise });
    expect(() => model.sample(knockout(2, [0]), 1, new RandomStream('x'))).toThrow("kind 'knockout' is not supported");
  });
});
