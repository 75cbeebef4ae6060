import { describe, expect, test } from 'vitest';
import { columnMeans } from '../../../core/causal/column-moments.js';
import { RandomStream } from '../../../core/random/stream.js';
import { PerturbationScreenConfig } from '../../../envs/perturbation/config.js';
import { ShiftModel } from '../../../envs/perturbation/shift-model.js';

const model = (mechanisms: string) =>
  ShiftModel.sample(PerturbationScreenConfig.parse({ variables: 8, mechanisms }), new RandomStream('shift-model'));

describe('ShiftModel', () => {
  test('a linear shift moves every variable by its total effect', () => {
    const system = model('linear');
    const { graph, weights, size } = system;
    const shift = new Float64Array(size);
    const [root] = graph.topologicalOrder;
    shift[root!] = 2;
    const moved = system.propagate(new Float64Array(size), shift);
    for (let child = 0; child < size; child++) {
      const expected = graph
        .parents(child)
        .reduce((sum, parent) => sum + weights[parent * size + child]! * moved[parent]!, shift[child]!);
      expect(moved[child]).toBeCloseTo(expected, 12);
    }
  });

  test.each(['linear', 'nonlinear'])('a shift of a %s variable leaves what does not descend from it', (mechanisms) => {
    const system = model(mechanisms);
    const target = system.graph.topologicalOrder[3]!;
    const shift = new Float64Array(8);
    shift[target] = 3;
    const [still, moved] = [new Float64Array(8), shift].map((one) => system.sample(one, 5, new RandomStream('rows')));
    const reached = system.graph.descendants(target);
    for (let entry = 0; entry < 40; entry++) {
      const variable = entry % 8;
      if (variable === target) expect(moved![entry]! - still![entry]!).toBeCloseTo(3, 9);
      else if (reached[variable] === 0) expect(moved![entry]).toBe(still![entry]);
    }
  });

  test('a nonlinear mechanism does not add up', () => {
    const system = model('nonlinear');
    const mean = (size: number) => {
      const shift = new Float64Array(8);
      shift[system.graph.topologicalOrder[0]!] = size;
      return columnMeans(system.propagate(new Float64Array(8), shift), 8);
    };
    const [zero, one, two] = [mean(0), mean(2), mean(4)];
    const gaps = zero.map((value, i) => Math.abs(two[i]! - 2 * one[i]! + value));
    expect(Math.max(...gaps)).toBeGreaterThan(0.05);
  });
});
