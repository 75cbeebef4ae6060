import { describe, expect, test } from 'vitest';
import { UNIT_BALL } from '../../../models/civ/feasible-set.js';
import { minimiseAcquisition } from '../../../models/civ/minimise-acquisition.js';
import { REFERENCE, referenceAcquisition, referencePosterior } from './reference.js';

describe.each(REFERENCE.map((reference) => [reference.p, reference] as const))(
  "authors' code at p = %i",
  (p, reference) => {
    const posterior = referencePosterior(reference);

    test('posterior mean and covariance', () => {
      posterior.nodes.forEach(({ parents, mean, covariance }, i) => {
        const k = parents.length;
        for (let r = 0; r < k; r++) {
          expect(Math.abs(mean[r]! - reference.posterior.mean[i]![parents[r]!]!)).toBeLessThan(1e-9);
          for (let c = 0; c < k; c++)
            expect(
              Math.abs(covariance[r * k + c]! - reference.posterior.covariancePadded[i]![parents[r]!]![parents[c]!]!),
            ).toBeLessThan(1e-9);
        }
      });
      expect(posterior.graph.edgeCount).toBeGreaterThan(p - 2);
    });

    test.each(Object.keys(reference.acquisition))(
      '%s: values within 1e-9, optimum at least as good within 1e-4',
      (name) => {
        const acquisition = referenceAcquisition(name, posterior, reference);
        const { values, slsqp } = reference.acquisition[name]!;
        values.forEach((value, query) => {
          const ours = acquisition.value(Float64Array.from(reference.queries[query]!));
          expect(Math.abs(ours / value - 1)).toBeLessThan(1e-9);
        });
        const outcome = minimiseAcquisition(acquisition, {
          feasible: UNIT_BALL,
          starts: slsqp.map(({ start }) => Float64Array.from(start)),
        });
        const best = Math.min(...slsqp.map(({ value }) => value));
        expect(outcome.value).toBeLessThanOrEqual(best + 1e-4 * Math.abs(best));
        expect(Math.hypot(...outcome.shift)).toBeLessThan(1 + 1e-12);
        expect(outcome.status).not.toBe('iteration-limit');
      },
    );
  },
);
