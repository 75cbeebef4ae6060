import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectedCorrectEntries, posteriorExpectedCorrectEntries } from '../../../../core/causal/graph-metrics.js';
import { History } from '../../../../core/causal/history.js';
import { type Intervention, knockout, observe } from '../../../../core/causal/intervention.js';
import { type MechanismRows, nativeExactPosteriorKernel } from '../../../../core/native/ops/exact-posterior.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { LinearScmConfig } from '../../../../envs/linear-scm/config.js';
import { LinearScmPrior } from '../../../../envs/linear-scm/linear-scm-prior.js';
import { ExactGraphPosterior } from '../../../../models/posterior/exact/exact-graph-posterior.js';
import type { ExactPriorConfig } from '../../../../models/posterior/exact/exact-prior.js';
import { mechanismRows } from '../../../../models/posterior/exact/mechanism-rows.js';
import { referenceExactPosteriorKernel } from '../../../../models/posterior/exact/reference-kernel.js';
import { enumerate } from './enumeration.js';

const environment = (edgeProbability = 0.5): ExactPriorConfig & { kind: 'environment' } => ({
  kind: 'environment',
  edgeProbability,
  intercept: 'zero',
  varianceShape: 10,
  varianceScale: 1,
});
const scaleFree = (options: Partial<ExactPriorConfig> = {}): ExactPriorConfig =>
  ({ kind: 'scale-free', edgeProbability: 0.5, intercept: 'zero', g: 20, ...options }) as ExactPriorConfig;

const native = nativeExactPosteriorKernel();
const kernels = [
  ...(native === undefined ? [] : [{ name: 'native', kernel: native }]),
  { name: 'reference', kernel: referenceExactPosteriorKernel },
];

/** A system of the prior with observations, and experiments of the kind on random targets. */
function systemHistory(
  name: string,
  options: { size: number; observations: number; experiments: number; kind?: 'do' | 'shift'; degree?: number },
) {
  const { size, observations, experiments, kind = 'do', degree = 1 } = options;
  const stream = new RandomStream(name);
  const config = LinearScmConfig.parse({ kind: 'linear-scm', variables: size, graph: { degree } });
  const model = new LinearScmPrior(config).sample(stream.child('system'));
  const history = new History(size);
  history.append(model.sample(observe(size), observations, stream.child('rows')), observe(size));
  for (let t = 0; t < experiments; t++) {
    const own = stream.child('experiment', t);
    const intervention: Intervention = {
      kind,
      targets: Uint8Array.from({ length: size }, () => (own.bernoulli(0.4) ? 1 : 0)),
      values: Float32Array.from({ length: size }, () => own.sign()),
    };
    history.append(model.sample(intervention, 1, own.child('row')), intervention);
  }
  return { model, history };
}

/** The same rows in other units. */
function transformed(history: History, change: (value: number, variable: number) => number): History {
  const copy = new History(history.size);
  for (let row = 0; row < history.rows; row++) {
    const at = [row * history.size, (row + 1) * history.size] as const;
    const targets = history.targets.slice(...at);
    const values = history.interventionValues.slice(...at).map((value, variable) => change(value, variable));
    copy.append(
      history.values.slice(...at).map((value, i) => change(value, i)),
      {
        kind: history.kinds[row]!,
        targets,
        values,
      },
    );
  }
  return copy;
}

describe.each(kernels)('the $name kernel', ({ kernel }) => {
  test('equals enumeration of all orders and graphs, with do- and shift-interventions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(8),
        fc.nat(3),
        fc.constantFrom('do' as const, 'shift' as const),
        fc.nat(1e6),
        async (size, observations, experiments, kind, seed) => {
          const { history } = systemHistory(`enumeration/${seed}`, {
            size,
            observations,
            experiments,
            kind,
            degree: 0.5,
          });
          const prior = environment(0.4);
          const posterior = await ExactGraphPosterior.create(prior, { kernel });
          const expected = enumerate(history, prior);
          const { edgeProbabilities } = posterior.evaluate(posterior.statistics([history]));
          edgeProbabilities.forEach((probability, entry) => {
            expect(Math.abs(probability - expected.edgeProbabilities[entry]!)).toBeLessThan(1e-6);
          });
          expect(Math.abs(posterior.logEvidence([history])[0]! - expected.logEvidence)).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('batches as alone, for each history its own rows', async () => {
    const histories = [0, 1, 2].map(
      (k) => systemHistory(`batch/${k}`, { size: 4, observations: 5 + k, experiments: k }).history,
    );
    for (const prior of [environment(), scaleFree()]) {
      const posterior = await ExactGraphPosterior.create(prior, { kernel });
      const together = posterior.edgeProbabilities(histories);
      histories.forEach((history, k) => {
        expect(together.slice(k * 16, (k + 1) * 16)).toEqual(posterior.edgeProbabilities([history]));
      });
    }
  });

  test('many rows that pull two ways neither underflow nor lose an edge', async () => {
    const { history } = systemHistory('strong', { size: 4, observations: 3000, experiments: 0, degree: 1.5 });
    const posterior = await ExactGraphPosterior.create(scaleFree(), { kernel });
    const probabilities = posterior.edgeProbabilities([history]);
    expect(probabilities.every((p) => p >= 0 && p <= 1)).toBe(true);
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < i; j++) {
        const pair = probabilities[i * 4 + j]! + probabilities[j * 4 + i]!;
        expect(pair).toBeLessThanOrEqual(1 + 1e-6);
      }
    expect(Math.max(...probabilities)).toBeGreaterThan(0.3);
  });

  test('scale-free: other units and, with a free intercept, another zero change nothing', async () => {
    const { history } = systemHistory('units', { size: 4, observations: 15, experiments: 4 });
    const plain = await ExactGraphPosterior.create(scaleFree(), { kernel });
    const expected = plain.edgeProbabilities([history]);
    for (const factor of [1e-9, 1e-3, 1e9]) {
      const scaled = transformed(history, (value, variable) => value * factor * (variable + 1));
      plain.edgeProbabilities([scaled]).forEach((p, entry) => {
        expect(Math.abs(p - expected[entry]!)).toBeLessThan(1e-5);
      });
    }
    const free = await ExactGraphPosterior.create(scaleFree({ intercept: 'free' }), { kernel });
    const centred = free.edgeProbabilities([history]);
    free.edgeProbabilities([transformed(history, (value) => value + 512)]).forEach((p, entry) => {
      // Single precision keeps 1e-4 of a value beside 512.
      expect(Math.abs(p - centred[entry]!)).toBeLessThan(2e-3);
    });
  });

  test('constant and collinear variables are no obstacle', async () => {
    const { history } = systemHistory('collinear', { size: 4, observations: 12, experiments: 0 });
    const copied = new History(4);
    const rows = history.values.slice();
    for (let row = 0; row < history.rows; row++) {
      rows[row * 4 + 1] = rows[row * 4]!;
      rows[row * 4 + 3] = 0;
    }
    copied.append(rows, observe(4));
    for (const prior of [environment(), scaleFree()]) {
      const posterior = await ExactGraphPosterior.create(prior, { kernel });
      const probabilities = posterior.edgeProbabilities([copied]);
      expect(probabilities.every((p) => Number.isFinite(p) && p >= 0 && p <= 1)).toBe(true);
    }
  });

  test('without rows the prior remains: edges of equal probability, halved by the direction', async () => {
    for (const prior of [environment(0.4), scaleFree({ edgeProbability: 0.4 })]) {
      const posterior = await ExactGraphPosterior.create(prior, { kernel });
      posterior.edgeProbabilities([new History(5)]).forEach((p, entry) => {
        expect(p).toBeCloseTo(entry % 6 === 0 ? 0 : 0.2, 6);
      });
    }
  });

  test('a bound on parents leaves the probabilities of sets within it', async () => {
    const { history } = systemHistory('bounded', { size: 5, observations: 20, experiments: 3 });
    const all = await ExactGraphPosterior.create(environment(), { kernel });
    const wide = await ExactGraphPosterior.create({ ...environment(), maximumParents: 4 }, { kernel });
    expect(wide.edgeProbabilities([history])).toEqual(all.edgeProbabilities([history]));
    const none = await ExactGraphPosterior.create({ ...environment(), maximumParents: 0 }, { kernel });
    expect([...none.edgeProbabilities([history])]).toEqual(new Array(25).fill(0));
    expect(none.name).toBe('exact, at most 0 parents');
  });
});

describe.runIf(native !== undefined)('native against reference', () => {
  test('agree on every size up to seven, for both priors', async () => {
    for (let size = 1; size <= 7; size++) {
      const { history } = systemHistory(`twins/${size}`, { size, observations: 4 * size, experiments: size });
      for (const prior of [environment(), scaleFree()]) {
        const [ours, twin] = [native!, referenceExactPosteriorKernel].map((kernel) =>
          ExactGraphPosterior.create(prior, { kernel }).then((posterior) =>
            posterior.evaluate(posterior.statistics([history])),
          ),
        );
        const [a, b] = [await ours!, await twin!];
        a.edgeProbabilities.forEach((p, entry) => {
          expect(Math.abs(p - b.edgeProbabilities[entry]!)).toBeLessThan(1e-7);
        });
        expect(Math.abs(a.logEvidence[0]! - b.logEvidence[0]!)).toBeLessThan(1e-7);
      }
    }
  });
});

test('is calibrated on the systems of its own prior: expected and posterior-expected correct entries agree', async () => {
  const posterior = await ExactGraphPosterior.create(environment());
  const differences = Array.from({ length: 400 }, (_, k) => {
    const { model, history } = systemHistory(`calibration/${k}`, { size: 5, observations: 10, experiments: 3 });
    const probabilities = posterior.edgeProbabilities([history]);
    return expectedCorrectEntries(probabilities, model.graph) - posteriorExpectedCorrectEntries(probabilities, 5);
  });
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const deviation = Math.sqrt(differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length);
  expect(Math.abs(mean)).toBeLessThan((4 * deviation) / Math.sqrt(differences.length));
});

describe('bad input', () => {
  let posterior: ExactGraphPosterior;
  beforeAll(async () => {
    posterior = await ExactGraphPosterior.create(environment());
  });

  test('an experiment whose effect is not known is refused, and passed over where that is asked for', async () => {
    const history = new History(2);
    history.append(Float32Array.of(0, 1), knockout(2, [0]));
    expect(() => posterior.edgeProbabilities([history])).toThrow(
      "what 'knockout' does to a linear mechanism is not known",
    );
    const lenient = await ExactGraphPosterior.create(environment(), { misspecification: 'knockouts' });
    expect(lenient.edgeProbabilities([history]).every((p) => p >= 0)).toBe(true);
    expect(lenient.name).toBe('exact, misspecified: knockouts');
  });

  test('too many variables, and histories of different sizes', () => {
    expect(() => posterior.edgeProbabilities([new History(26)])).toThrow('26 variables are more than 25');
    expect(() => posterior.edgeProbabilities([new History(15)])).toThrow('give a bound, such as maximumParents 4');
    expect(() => posterior.edgeProbabilities([new History(2), new History(3)])).toThrow('history 1 has 3 variables');
  });
});

test.each(['do', 'shift'] as const)(
  'statistics after a %s experiment are those of the longer history',
  async (kind) => {
    const posterior = await ExactGraphPosterior.create(environment());
    const { history } = systemHistory('extended', { size: 4, observations: 6, experiments: 3, kind });
    const before = posterior.statistics([history.prefix(history.rows - 1)]);
    const whole = mechanismRows(history);
    const last = (from: ArrayLike<number>) => Array.from(from).slice(-4);
    const row: MechanismRows = {
      rows: 1,
      size: 4,
      values: Float32Array.from(last(whole.values)),
      excluded: Uint8Array.from(last(whole.excluded)),
      shifts: whole.shifts && Float32Array.from(last(whole.shifts)),
    };
    const extended = posterior.extended(before, [row, row]);
    const wanted = posterior.statistics([history, history]);
    expect(extended.rowCounts).toEqual(wanted.rowCounts);
    extended.grams.forEach((gram, at) => {
      expect(gram).toBeCloseTo(wanted.grams[at]!, 10);
    });
    const free = posterior.withPrior({ ...environment(), intercept: 'free' });
    expect(() => free.extended(before, [row])).toThrow('rows cannot be added under a free intercept');
  },
);
