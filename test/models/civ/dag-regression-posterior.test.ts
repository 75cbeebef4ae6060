import { inverse, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { measure, posteriorAfter, randomDirection, randomSystem } from './systems.js';

const stream = new RandomStream('civ/posterior');
const PAIR = new CausalGraph(2, Uint8Array.of(0, 1, 0, 0));

describe('DagRegressionPosterior', () => {
  test('unknown variances: equals the batch normal inverse gamma formulas', () => {
    const size = 5;
    const system = randomSystem(stream.child('batch'), size, 1);
    const noise = { kind: 'unknown', shape: 2, scale: 0.3 } as const;
    const posterior = new DagRegressionPosterior({ graph: system.graph, noise, priorMean: 0.2, priorVariance: 1.5 });
    const rows: number[][] = [];
    const shifts: number[][] = [];
    for (let step = 0; step < 6; step++) {
      const shift = randomDirection(stream.child('batch', step), size);
      const samples = measure(system, shift, { rows: 4, stream: stream.child('batch', step, 'data') });
      posterior.update(samples, shift);
      for (let row = 0; row < 4; row++) {
        rows.push([...samples.subarray(row * size, (row + 1) * size)]);
        shifts.push([...shift]);
      }
    }
    posterior.nodes.forEach(({ parents, mean, covariance, shape, scale }, i) => {
      const k = parents.length;
      expect(shape).toBe(2 + rows.length / 2);
      const y = rows.map((row, n) => row[i]! - shifts[n]![i]!);
      const squares = y.reduce((sum, value) => sum + value * value, 0);
      if (k === 0) {
        expect(scale).toBeCloseTo(0.3 + squares / 2, 10);
        return;
      }
      const X = new Matrix(rows.map((row) => [...parents].map((parent) => row[parent]!)));
      const priorPrecision = Matrix.eye(k).div(1.5);
      const priorMean = Matrix.columnVector(new Array<number>(k).fill(0.2));
      const precision = priorPrecision.clone().add(X.transpose().mmul(X));
      const batchCovariance = inverse(precision);
      const batchMean = batchCovariance.mmul(
        priorPrecision.mmul(priorMean).add(X.transpose().mmul(Matrix.columnVector(y))),
      );
      const quadratic = (m: Matrix, P: Matrix) => m.transpose().mmul(P).mmul(m).get(0, 0);
      const batchScale = 0.3 + (squares + quadratic(priorMean, priorPrecision) - quadratic(batchMean, precision)) / 2;
      expect(scale).toBeCloseTo(batchScale, 9);
      for (let r = 0; r < k; r++) {
        expect(mean[r]).toBeCloseTo(batchMean.get(r, 0), 10);
        for (let c = 0; c < k; c++) expect(covariance[r * k + c]).toBeCloseTo(batchCovariance.get(r, c), 10);
      }
    });
  });

  test('a warm-up of observations is an update with shift 0, and finds weights and noise variances', () => {
    const system = randomSystem(stream.child('warm-up'), 4, 1);
    const posterior = new DagRegressionPosterior({
      graph: system.graph,
      noise: { kind: 'unknown', shape: 2, scale: 0 },
    });
    const zero = new Float64Array(4);
    posterior.update(measure(system, zero, { rows: 20_000, stream: stream.child('warm-up', 'data') }), zero);
    const weights = posterior.expectedWeights();
    for (let entry = 0; entry < 16; entry++)
      expect(Math.abs(weights[entry]! - system.weights[entry]!)).toBeLessThan(0.04);
    for (let i = 0; i < 4; i++) expect(posterior.noiseVariance(i) / system.variances[i]!).toBeCloseTo(1, 1);
  });

  test('plug-in mean and estimated shift undo each other; pullBack is the transpose', () => {
    const system = randomSystem(stream.child('solve'), 6);
    const posterior = posteriorAfter(system, { steps: 8, stream: stream.child('solve', 'data') });
    const shift = randomDirection(stream.child('solve', 'shift'), 6);
    const mean = posterior.plugInMean(shift, new Float64Array(6));
    posterior.estimatedShift(mean).forEach((entry, i) => {
      expect(entry).toBeCloseTo(shift[i]!, 12);
    });
    const covector = stream.child('solve', 'covector').fillNormal(new Float64Array(6));
    const left = covector.reduce((sum, entry, i) => sum + entry * mean[i]!, 0);
    const right = posterior.pullBack(covector.slice()).reduce((sum, entry, i) => sum + entry * shift[i]!, 0);
    expect(left).toBeCloseTo(right, 12);
  });

  test('draws have the posterior mean and covariance', () => {
    const system = randomSystem(stream.child('draws'), 3, 1);
    const posterior = posteriorAfter(system, { steps: 5, stream: stream.child('draws', 'data') });
    const draws = Array.from({ length: 20_000 }, (_, s) => posterior.draw(stream.child('draws', s)).weights);
    const { mean, covariance } = posterior.nodes[2]!;
    const sampleMean = [0, 1].map((k) => draws.reduce((sum, weights) => sum + weights[6 + k]!, 0) / draws.length);
    sampleMean.forEach((value, k) => {
      expect(Math.abs(value - mean[k]!)).toBeLessThan(0.03);
    });
    const cross = draws.reduce((sum, w) => sum + (w[6]! - mean[0]!) * (w[7]! - mean[1]!), 0) / draws.length;
    expect(Math.abs(cross - system.variances[2]! * covariance[1]!)).toBeLessThan(0.02);
  });

  test('a clone goes its own way', () => {
    const system = randomSystem(stream.child('clone'), 4);
    const posterior = posteriorAfter(system, { steps: 3, stream: stream.child('clone', 'data') });
    const before = posterior.expectedWeights();
    const copy = posterior.clone();
    expect(copy.expectedWeights()).toEqual(before);
    copy.update([1, 2, 3, 4], new Float64Array(4));
    expect(posterior.expectedWeights()).toEqual(before);
  });

  test('held noise variances stay where they are; the regressions go on alike', () => {
    const system = randomSystem(stream.child('held'), 4, 1);
    const noise = { kind: 'unknown', shape: 2, scale: 0 } as const;
    const posterior = posteriorAfter(system, { steps: 10, stream: stream.child('held', 'data'), noise });
    const held = posterior.withNoiseHeld();
    const before = posterior.noiseVariance(2);
    for (const each of [posterior, held]) each.update([1, -2, 3, 0.5], new Float64Array(4));
    expect(held.noiseVariance(2)).toBe(before);
    expect(posterior.noiseVariance(2)).not.toBe(before);
    expect(held.expectedWeights()).toEqual(posterior.expectedWeights());
  });

  test('bad input is refused', () => {
    const known = { kind: 'known', variances: [1, 1] } as const;
    const posterior = new DagRegressionPosterior({ graph: PAIR, noise: known });
    expect(() => posterior.update([1, 2, 3], [0, 0])).toThrow("'samples' must have shape [rows, 2], got 3 values");
    expect(() => posterior.update([1, Number.NaN], [0, 0])).toThrow("'samples' entry 1 is not finite");
    expect(() => posterior.update([1, 2], [0])).toThrow("'shift' must have shape [2], got [1]");
    const build = (noise: ConstructorParameters<typeof DagRegressionPosterior>[0]['noise'], priorVariance = 1) =>
      new DagRegressionPosterior({ graph: PAIR, noise, priorVariance });
    expect(() => build({ kind: 'known', variances: [1, 0] })).toThrow('must be positive, got 0 for variable 1');
    expect(() => build({ kind: 'known', variances: [1] })).toThrow('must have shape [2], got [1]');
    expect(() => build({ kind: 'unknown', shape: 0, scale: 1 })).toThrow('needs shape > 0');
    expect(() => build(known, 0)).toThrow("'priorVariance' must be positive");
  });
});
