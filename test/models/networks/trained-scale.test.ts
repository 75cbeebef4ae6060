import { afterEach, describe, expect, test, vi } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { LinearScmPrior } from '../../../envs/linear-scm/linear-scm-prior.js';
import { historyScale, ScaleWatch, trainedScale } from '../../../models/networks/trained-scale.js';

/** Observational rows; columns are variables. */
function observed(...columns: readonly (readonly number[])[]): History {
  const history = new History(columns.length);
  const rows = columns[0]!.map((_, row) => columns.map((column) => column[row]!));
  history.append(Float32Array.from(rows.flat()), observe(columns.length));
  return history;
}

/** Five values with sample standard deviation `deviation`. */
const spread = (deviation: number, mean = 0) => [-1, -1, 0, 1, 1].map((value) => mean + value * deviation);

describe('historyScale', () => {
  test('is the geometric mean of the standard deviations, whatever the means are', () => {
    expect(historyScale(observed(spread(2), spread(8, 100)))).toBeCloseTo(4, 5);
  });

  test('does not count constants, and is undefined where all are', () => {
    expect(historyScale(observed(spread(2), spread(0, 3)))).toBeCloseTo(2, 5);
    expect(historyScale(observed(spread(0)))).toBeUndefined();
  });

  test('leaves out rows under an intervention', () => {
    const history = observed(spread(2), spread(2));
    const shift = { kind: 'shift' as const, targets: Uint8Array.of(1, 0), values: Float32Array.of(50, 0) };
    history.append(Float32Array.of(50, 1, -50, 7), shift);
    expect(historyScale(history)).toBeCloseTo(2, 5);
  });

  test('four rows are too few', () => {
    expect(historyScale(observed([-1, -1, 0, 1]))).toBeUndefined();
  });
});

describe('trainedScale', () => {
  const environment = (degree: number) => ({ prior: { kind: 'linear-scm', variables: 4, graph: { degree } } });

  test('holds the scales of systems of the environment and not those of ten times the unit', () => {
    const { lowest, highest } = trainedScale(environment(2))!;
    const config = DesignEnvConfig.parse(environment(2)).prior;
    if (config.kind !== 'linear-scm') throw new Error('expected linear systems');
    const prior = new LinearScmPrior(config);
    for (let index = 0; index < 50; index++) {
      const stream = new RandomStream(`trained-scale-test/${index}`);
      const history = new History(4);
      history.append(prior.sample(stream.child('system')).sample(observe(4), 50, stream.child('rows')), observe(4));
      const scale = historyScale(history)!;
      expect(scale).toBeGreaterThan(lowest);
      expect(scale).toBeLessThan(highest);
    }
    expect(highest / lowest).toBeLessThan(10);
  });

  test('is wider at the top where variables have more causes', () => {
    expect(trainedScale(environment(3))!.highest).toBeGreaterThan(trainedScale(environment(0))!.highest);
  });

  test('is unknown for other environments and for what is none', () => {
    expect(trainedScale({ prior: { kind: 'sergio', variables: 4 } })).toBeUndefined();
    expect(trainedScale(undefined)).toBeUndefined();
  });
});

describe('ScaleWatch', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const inside = observed(spread(1));
  const above = observed(spread(2.5));
  const below = observed(spread(0.25));
  const untold = observed([1, 2]);

  function sentences(...looks: readonly (readonly History[])[]): string[] {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const watch = new ScaleWatch('policy', { lowest: 0.5, highest: 2 });
    for (const histories of looks) watch.look(histories);
    return said.mock.calls.map(([text]) => String(text));
  }

  test('half of the histories may lie beyond the range', () => {
    expect(sentences([inside, above], [inside, inside, above], [], [untold])).toEqual([]);
  });

  test('more than half are named, once, with the range and what was found', () => {
    const said = sentences([above, inside, above], [above]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^The policy reads .* about 0\.5 to 2; here they are about 2\.5\. /);
  });

  test('below the range counts as above it does', () => {
    expect(sentences([below, inside, above])).toHaveLength(1);
  });

  test('histories whose scale cannot be told do not count', () => {
    expect(sentences([untold, untold, above])).toHaveLength(1);
  });

  test('an early look at usual data does not hide what comes later', () => {
    expect(sentences([inside, inside, inside, inside], [below])).toHaveLength(1);
  });
});
