import { inverse, Matrix } from 'ml-matrix';
import { expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { NodeRegression } from '../../../models/civ/node-regression.js';

const PARENTS = [0, 2, 3];
const PRIOR = { mean: 0.3, variance: 0.7, shape: 2, scale: 0.5 };
const stream = new RandomStream('node-regression');
const regression = () => new NodeRegression({ parents: Int32Array.from(PARENTS), ...PRIOR });

/** Samples [n, 5], of which the last column is the response. */
const rows = Array.from({ length: 12 }, () => {
  const row = stream.fillNormal(new Float64Array(5));
  row[4]! += 0.8 * row[0]! - 0.5 * row[2]!;
  return row;
});
const flat = Float64Array.from(rows.flatMap((row) => [...row]));

/** Mean, covariance, shape and scale after the first `count` rows by the normal equations. */
function byNormalEquations(count: number) {
  const x = new Matrix(rows.slice(0, count).map((row) => PARENTS.map((parent) => row[parent]!)));
  const y = Matrix.columnVector(rows.slice(0, count).map((row) => row[4]!));
  const precision = Matrix.eye(3).div(PRIOR.variance);
  const prior = Matrix.columnVector([PRIOR.mean, PRIOR.mean, PRIOR.mean]);
  const posterior = Matrix.add(precision, x.transpose().mmul(x));
  const covariance = inverse(posterior);
  const mean = covariance.mmul(Matrix.add(precision.mmul(prior), x.transpose().mmul(y)));
  const quadratic = (matrix: Matrix, vector: Matrix) => vector.transpose().mmul(matrix).mmul(vector).get(0, 0);
  const squares = quadratic(Matrix.eye(count), y) + quadratic(precision, prior) - quadratic(posterior, mean);
  return { mean, covariance, shape: PRIOR.shape + count / 2, scale: PRIOR.scale + squares / 2 };
}

test('before any data it is its prior', () => {
  const { mean, covariance, shape, scale } = regression();
  expect([...mean]).toEqual([0.3, 0.3, 0.3].map((value) => expect.closeTo(value, 14)));
  expect([...covariance]).toEqual([0.7, 0, 0, 0, 0.7, 0, 0, 0, 0.7].map((value) => expect.closeTo(value, 14)));
  expect([shape, scale]).toEqual([2, 0.5]);
});

test.each([1, 3, 12])('after %i rows it is what the normal equations say', (count) => {
  const node = regression();
  for (let row = 0; row < count; row++) node.update(flat, 5 * row, rows[row]![4]!);
  const wanted = byNormalEquations(count);
  for (let r = 0; r < 3; r++) {
    expect(node.mean[r]).toBeCloseTo(wanted.mean.get(r, 0), 10);
    for (let c = 0; c < 3; c++) {
      expect(node.covariance[3 * r + c]).toBeCloseTo(wanted.covariance.get(r, c), 10);
      let product = 0;
      for (let m = 0; m < 3; m++) product += node.covarianceRoot[3 * r + m]! * node.covarianceRoot[3 * c + m]!;
      expect(product).toBeCloseTo(wanted.covariance.get(r, c), 10);
    }
  }
  expect(node.covarianceRoot[1]).toBe(0);
  expect(node.shape).toBe(wanted.shape);
  expect(node.scale).toBeCloseTo(wanted.scale, 10);
});

test('a copy is the same, and what one learns afterwards the other does not', () => {
  const [node, copy] = [regression(), regression()];
  for (let row = 0; row < 5; row++) node.update(flat, 5 * row, rows[row]![4]!);
  copy.copyFrom(node);
  const before = [...copy.mean];
  expect(before).toEqual([...node.mean]);
  expect([copy.shape, copy.scale]).toEqual([node.shape, node.scale]);
  node.update(flat, 30, rows[6]![4]!);
  expect([...copy.mean]).toEqual(before);
  expect([...node.mean]).not.toEqual(before);
});

test('without parents it still learns the variance', () => {
  const node = new NodeRegression({ parents: new Int32Array(0), ...PRIOR });
  node.update([9], 0, 2);
  expect([node.shape, node.scale, node.mean.length]).toEqual([2.5, 2.5, 0]);
});
