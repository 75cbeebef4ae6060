import { describe, expect, test } from 'vitest';
import { calibration } from '../../../core/causal/calibration.js';
import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';

describe('calibration', () => {
  test('a case worked out by hand', () => {
    const graph = CausalGraph.fromEdges(2, [[0, 1]]);
    const result = calibration([
      { edgeProbabilities: [0, 0.9, 0.2, 0], graph },
      { edgeProbabilities: [0, 0.3, 0.25, 0], graph },
    ], 2); // biome-ignore format: cases on one line each
    expect(result.bins).toHaveLength(2);
    expect(result.bins[0]).toEqual({ count: 3, meanProbability: 0.25, edgeRate: 1 / 3 });
    expect(result.bins[1]).toEqual({ count: 1, meanProbability: 0.9, edgeRate: 1 });
    expect(result.expectedCalibrationError).toBeCloseTo((3 * (1 / 3 - 0.25) + 0.1) / 4, 12);
    expect(result.brierScore).toBeCloseTo((0.01 + 0.04 + 0.49 + 0.0625) / 4, 12);
  });

  test('is near 0 where edges occur as often as said, and not where they occur half as often', () => {
    const stream = new RandomStream('calibration');
    const scored = (rate: number) =>
      Array.from({ length: 5000 }, () => {
        const probability = stream.uniform();
        const edges: [number, number][] = stream.bernoulli(rate * probability) ? [[0, 1]] : [];
        return { edgeProbabilities: [0, probability, 0, 0], graph: CausalGraph.fromEdges(2, edges) };
      });
    expect(calibration(scored(1)).expectedCalibrationError).toBeLessThan(0.02);
    expect(calibration(scored(0.5)).expectedCalibrationError).toBeGreaterThan(0.1);
  });

  test('a probability of 1 falls into the last bin', () => {
    const graph = CausalGraph.fromEdges(2, [[0, 1]]);
    expect(calibration([{ edgeProbabilities: [0, 1, 0, 0], graph }]).expectedCalibrationError).toBe(0);
  });

  test('without pairs it is 0', () => {
    const single = { edgeProbabilities: [0], graph: new CausalGraph(1, new Uint8Array(1)) };
    expect(calibration([single])).toEqual({ expectedCalibrationError: 0, brierScore: 0, bins: [] });
    expect(calibration([]).expectedCalibrationError).toBe(0);
  });

  test('bad input is named', () => {
    const graph = new CausalGraph(2, new Uint8Array(4));
    expect(() => calibration([], 0)).toThrow("'binCount' must be a positive integer, got 0");
    expect(() => calibration([{ edgeProbabilities: [0, 1.5, 0, 0], graph }])).toThrow('must be in [0, 1], got 1.5');
    expect(() => calibration([{ edgeProbabilities: [0], graph }])).toThrow('must have shape [4], got [1]');
  });
});
