import { describe, expect, test } from 'vitest';
import { columnMeans } from '../../../core/causal/column-moments.js';
import { RandomStream } from '../../../core/random/stream.js';
import { heldOutFolds, type PerturbationPredictor } from '../../../models/perturbation-predictors/predictor.js';
import {
  predictKernelRidge,
  predictLinearRidge,
  predictNearest,
  predictNoEffect,
  predictPooledMean,
} from '../../../models/perturbation-predictors/regressions.js';

const stream = new RandomStream('regressions');

/** Contexts whose mean is `mean(feature)`, at two doses of each of 15 perturbations. */
function screen(mean: (x: number) => number) {
  const rows = (shift: number) => {
    const values = stream.fillNormal(new Float64Array(40), 0, 0.05);
    for (let row = 0; row < 20; row++) values[2 * row]! += shift;
    return values;
  };
  const contexts = Array.from({ length: 30 }, (_, k) => {
    const x = -1 + k / 14.5;
    return { features: Float64Array.of(x), group: `${Math.floor(k / 2)}`, values: rows(mean(x)) };
  });
  return { size: 2, observational: rows(0), contexts };
}
const at = (predictor: PerturbationPredictor, x: number) =>
  predictor.predictMean(Float64Array.of(x), new RandomStream('none'))[0]!;

describe('predictors of the mean', () => {
  test('no effect is the observational mean, the pooled mean that of all contexts', () => {
    const data = screen((x) => 2 + x);
    expect(at(predictNoEffect(data), 0.7)).toBe(columnMeans(data.observational, 2)[0]);
    expect(at(predictPooledMean(data), 0.7)).toBeCloseTo(2, 1);
  });

  test('a line is found by ridge regression, beyond the data too', () => {
    expect(
      at(
        predictLinearRidge(
          screen((x) => 1 + 3 * x),
          'perturbations',
        ),
        2,
      ),
    ).toBeCloseTo(7, 0);
  });

  test('a curve is found by kernel ridge regression', () => {
    const predictor = predictKernelRidge(
      screen((x) => Math.sin(4 * x)),
      'perturbations',
    );
    for (const x of [-0.73, 0.11, 0.62]) expect(at(predictor, x)).toBeCloseTo(Math.sin(4 * x), 0);
  });

  test('the nearest contexts are those with the nearest features', () => {
    const steps = screen((x) => (x > 0 ? 5 : -5));
    expect(at(predictNearest(steps, 'doses'), 0.5)).toBeCloseTo(5, 0);
    expect(at(predictNearest(steps, 'doses'), -0.5)).toBeCloseTo(-5, 0);
  });

  test('drawn rows have the predicted mean and the spread of the observational ones', () => {
    const data = screen((x) => 3 * x);
    const predictor = predictLinearRidge(data, 'doses');
    const rows = predictor.sample(Float64Array.of(0.5), 4000, new RandomStream('rows'));
    expect(columnMeans(rows, 2)[0]).toBeCloseTo(at(predictor, 0.5), 1);
  });
});

test('folds leave out whole perturbations, or doses of all of them', () => {
  const data = screen((x) => x);
  const whole = heldOutFolds(data, 'perturbations');
  const doses = heldOutFolds(data, 'doses');
  for (let k = 0; k < 30; k += 2) {
    expect(whole[k]).toBe(whole[k + 1]);
    expect(doses[k]).not.toBe(doses[k + 1]);
  }
  expect(new Set(whole).size).toBe(5);
});
