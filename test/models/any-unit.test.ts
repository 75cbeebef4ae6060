import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { useBackend } from '../../core/backend/backend.js';
import { History } from '../../core/causal/history.js';
import { observe } from '../../core/causal/intervention.js';
import { nativeExactPosteriorKernel } from '../../core/native/ops/exact-posterior.js';
import { RandomStream } from '../../core/random/stream.js';
import { LinearScmConfig } from '../../envs/linear-scm/config.js';
import { LinearScmPrior } from '../../envs/linear-scm/linear-scm-prior.js';
import { loadPolicy } from '../../models/checkpoints.js';
import { DesignPolicy } from '../../models/policy/design-policy.js';
import { PolicyConfig } from '../../models/policy/policy-config.js';
import { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { ExactGraphPosterior } from '../../models/posterior/exact/exact-graph-posterior.js';
import type { ExactPriorConfig } from '../../models/posterior/exact/exact-prior.js';
import { referenceExactPosteriorKernel } from '../../models/posterior/exact/reference-kernel.js';
import { GraphPosteriorConfig } from '../../models/posterior/graph-posterior-config.js';
import { softwareDeviceIsUsable } from '../core/cuda/software-device.js';
import { nativeIsUsable } from '../core/tensor/usable-backends.js';
import { permuteHistory } from './random-histories.js';

// Neither the unit of the values nor, where a mean is taken off, an offset changes a probability or a decision. Histories hold
// float32 values, so offsets that leave too few bits are named instead.

const FACTORS = [1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9];
const SIZE = 4;

/** Rows of a linear system and do-experiments on it, one constant variable last. */
function exampleHistory(name: string, rows = 40): History {
  const stream = new RandomStream(`any-unit/${name}`);
  const config = LinearScmConfig.parse({ kind: 'linear-scm', variables: SIZE, graph: { degree: 1.5 } });
  const model = new LinearScmPrior(config).sample(stream.child('system'));
  const history = new History(SIZE);
  history.append(model.sample(observe(SIZE), rows, stream.child('rows')), observe(SIZE));
  for (let target = 0; target < SIZE; target++) {
    const intervention = {
      kind: 'do' as const,
      targets: Uint8Array.from({ length: SIZE }, (_, i) => (i === target ? 1 : 0)),
      values: new Float32Array(SIZE).fill(1),
    };
    history.append(model.sample(intervention, 2, stream.child('experiment', target)), intervention);
  }
  return history;
}

/** The same rows with `change` applied to values and to what targets were set to. */
function changed(history: History, change: (value: number) => number): History {
  const copy = new History(history.size);
  for (let row = 0; row < history.rows; row++) {
    const at = [row * history.size, (row + 1) * history.size] as const;
    copy.append(history.values.slice(...at).map(change), {
      kind: history.kinds[row]!,
      targets: history.targets.slice(...at),
      values: history.interventionValues.slice(...at).map(change),
    });
  }
  return copy;
}

function withConstant(history: History, constant: number): History {
  const copy = new History(history.size);
  copy.append(
    history.values.map((value, entry) => (entry % history.size === history.size - 1 ? constant : value)),
    observe(history.size),
  );
  return copy;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
}

const native = nativeExactPosteriorKernel();
const kernels = [
  ...(native === undefined ? [] : [{ name: 'native', kernel: native }]),
  { name: 'reference', kernel: referenceExactPosteriorKernel },
];

describe.each(kernels)('exact posteriors, $name kernel', ({ kernel }) => {
  const prior = (kind: 'environment' | 'scale-free', extra: object = {}) =>
    ({
      kind,
      edgeProbability: 0.4,
      intercept: 'zero',
      varianceShape: 10,
      varianceScale: 1,
      g: 20,
      ...extra,
    }) as ExactPriorConfig;
  const history = exampleHistory('exact');
  const probabilities = async (config: ExactPriorConfig, data: History) =>
    (await ExactGraphPosterior.create(config, { kernel })).edgeProbabilities([data]);

  test.each(['zero', 'free'])('scale-free, intercept %s: no factor changes a probability', async (intercept) => {
    const want = await probabilities(prior('scale-free', { intercept }), history);
    for (const c of FACTORS) {
      const got = await probabilities(
        prior('scale-free', { intercept }),
        changed(history, (value) => value * c),
      );
      expect(largestDifference(got, want)).toBeLessThan(1e-5);
    }
  });

  test('exact: no factor changes a probability where the prior has the same unit; another unit is named', async () => {
    const want = await probabilities(prior('environment'), history);
    for (const c of FACTORS) {
      const data = changed(history, (value) => value * c);
      const got = await probabilities(prior('environment', { varianceScale: c * c }), data);
      expect(largestDifference(got, want)).toBeLessThan(1e-5);
      await expect(probabilities(prior('environment'), data)).rejects.toThrow('the rows are in other units');
    }
  });

  test('an offset is taken off by a free intercept, and named where float32 or the prior cannot bear it', async () => {
    const free = prior('scale-free', { intercept: 'free' });
    const want = await probabilities(free, history);
    // A power of 2, which float32 adds to these values and keeps 14 bits of them.
    const moved = changed(history, (value) => Math.round(value * 2 ** 14) / 2 ** 14 + 512);
    const rounded = changed(moved, (value) => value - 512);
    expect(largestDifference(await probabilities(free, moved), await probabilities(free, rounded))).toBeLessThan(1e-6);
    expect(largestDifference(await probabilities(free, moved), want)).toBeLessThan(1e-2);
    const far = changed(history, (value) => value + 1e6);
    await expect(probabilities(free, far)).rejects.toThrow('float32 values keep fewer than 10 bits; subtract the mean');
    for (const kind of ['scale-free', 'environment'] as const)
      await expect(probabilities(prior(kind), far)).rejects.toThrow("but a prior with intercept 'zero' expects 0");
  });

  test('a constant reads as 0, whatever it is', async () => {
    const free = prior('scale-free', { intercept: 'free' });
    const want = await probabilities(free, withConstant(history, 0));
    for (const constant of [0.1, 1e6 + 0.3, -1e-9])
      expect(largestDifference(await probabilities(free, withConstant(history, constant)), want)).toBeLessThan(1e-9);
  });

  test.each(['scale-free', 'environment'] as const)(
    '%s: the order of variables and rows only relabels',
    async (kind) => {
      const stream = new RandomStream('any-unit/order');
      const observations = withoutExperiments(history);
      const want = await probabilities(prior(kind), observations);
      for (let trial = 0; trial < 5; trial++) {
        const variables = stream.child(trial, 'variables').permutation(SIZE);
        const rows = stream.child(trial, 'rows').permutation(observations.rows);
        const got = await probabilities(prior(kind), permuteHistory(observations, variables, rows));
        const relabelled = Float64Array.from(
          want,
          (_, entry) => want[variables[Math.floor(entry / SIZE)]! * SIZE + variables[entry % SIZE]!]!,
        );
        expect(largestDifference(got, relabelled)).toBeLessThan(1e-6);
      }
    },
  );
});

/** The rows without targets. */
function withoutExperiments(history: History): History {
  return history.prefix(history.kinds.filter((kind) => kind === 'none').length);
}

const backends = [
  ...(nativeIsUsable ? (['native'] as const) : []),
  ...(['wasm', 'cpu'] as const),
  ...(softwareDeviceIsUsable ? (['cuda'] as const) : []),
];

describe.each(backends)('networks on the %s backend', (backend) => {
  beforeAll(async () => {
    await useBackend({ backend, ...(backend === 'cuda' ? { cudaDevice: 'software' } : {}) });
  });
  const histories = ['a', 'b'].map((name) => exampleHistory(name));
  const encoder = {
    width: 16,
    heads: 2,
    pairs: 1,
    pairEncoder: { channels: 6, layers: 1, statistics: 'both' },
  } as const;

  test.each(['standardize', 'log2-counts-per-million'] as const)('a learned posterior with %s', (inputScaling) => {
    const posterior = new AmortizedGraphPosterior(
      GraphPosteriorConfig.parse({ ...encoder, inputScaling }),
      new RandomStream('any-unit/posterior'),
    );
    const data = inputScaling === 'standardize' ? histories : histories.map(asCounts);
    const want = posterior.edgeProbabilities(data);
    for (const c of FACTORS) {
      const got = posterior.edgeProbabilities(data.map((history) => changed(history, (value) => value * c)));
      expect(largestDifference(got, want)).toBeLessThan(1e-4);
    }
    if (inputScaling === 'standardize') {
      const far = data.map((history) => changed(history, (value) => value + 1e6));
      expect(() => posterior.edgeProbabilities(far)).toThrow(
        'graph posterior: variable 0 of history 0 has mean 1000000',
      );
      const constants = [0, 0.1, 1e6 + 0.3].map((constant) =>
        posterior.edgeProbabilities([withConstant(data[0]!, constant)]),
      );
      for (const each of constants) expect(largestDifference(each, constants[0]!)).toBeLessThan(1e-6);
    }
    posterior.dispose();
  });

  test.each(['standardize', 'log2-counts-per-million'] as const)('a policy with %s', (inputScaling) => {
    const policy = new DesignPolicy(
      PolicyConfig.parse({ ...encoder, inputScaling, head: { kind: 'single' } }),
      2,
      new RandomStream('any-unit/policy'),
    );
    const data = inputScaling === 'standardize' ? histories : histories.map(asCounts);
    for (const mode of ['deterministic', 'stochastic'] as const) {
      const act = (given: readonly History[]) =>
        policy.act(given, mode, [new RandomStream('any-unit/a'), new RandomStream('any-unit/b')]);
      const want = act(data);
      for (const c of FACTORS)
        expect(
          largestDifference(act(data.map((history) => changed(history, (value) => value * c))), want),
        ).toBeLessThan(1e-4);
      if (inputScaling === 'standardize') {
        const far = data.map((history) => changed(history, (value) => value + 1e6));
        expect(() => act(far)).toThrow('policy: variable 0 of history 0 has mean 1000000');
      }
    }
    policy.dispose();
  });
});

/** Counts with the order of magnitude of a cell. */
function asCounts(history: History): History {
  return changed(history, (value) => Math.max(0, Math.round(20 + 10 * value)));
}

describe('a policy that reads values as measured', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('names data of another scale than those of its training, once', async () => {
    await useBackend();
    const policy = await loadPolicy(fileURLToPath(new URL('../../checkpoints/linear-d10-policy', import.meta.url)));
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const options = { mode: 'deterministic', interventionKind: 'do', valueRange: 1, streams: [] } as const;
    const prior = new LinearScmPrior(
      LinearScmConfig.parse({ kind: 'linear-scm', variables: 10, graph: { degree: 3 } }),
    );
    const rowsOf = (index: number, factor: number) => {
      const stream = new RandomStream(`any-unit/scale/${index}`);
      const history = new History(10);
      const rows = prior.sample(stream.child('system')).sample(observe(10), 50, stream.child('rows'));
      history.append(
        rows.map((value) => value * factor),
        observe(10),
      );
      return history;
    };
    for (let index = 0; index < 20; index++) policy.propose([rowsOf(index, 1)], options);
    expect(said).not.toHaveBeenCalled();
    policy.propose([rowsOf(0, 5)], options);
    policy.propose([rowsOf(0, 1e6)], options);
    expect(said).toHaveBeenCalledTimes(1);
    expect(said.mock.calls[0]![0]).toMatch(
      /trained where standard deviations are about [\d.]+ to [\d.]+; here they are about/,
    );
    policy.dispose();
  });
});
