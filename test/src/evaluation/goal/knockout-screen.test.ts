import { describe, expect, test } from 'vitest';
import { interveneWhereNonZero } from '../../../../core/causal/intervention.js';
import { knockoutScreen } from '../../../../src/evaluation/goal/knockout-screen.js';

describe('knockoutScreen', () => {
  const cells = {
    genes: ['A', 'B'],
    control: Float64Array.of(1, 2, 3, 4),
    knockouts: [Float64Array.of(0, 5), Float64Array.of(2, 0)],
  };

  test('populations are centred on the control mean; candidates take the gene to zero', () => {
    const screen = knockoutScreen(cells);
    expect(screen.genes).toEqual(['A', 'B']);
    expect([...screen.control.mean]).toEqual([0, 0]);
    expect([...screen.variances]).toEqual([1, 1]);
    expect([...screen.knockouts[0]!.mean]).toEqual([-2, 2]);
    expect(screen.candidates.map((candidate) => [...candidate])).toEqual(
      [
        [-2, -0],
        [0, -3],
      ].map((row) => row.map((value) => value + 0)),
    );
    expect(interveneWhereNonZero('knockout', screen.candidates[1]!).targets).toEqual(Uint8Array.of(0, 1));
  });

  test('does not depend on the order of the cells', () => {
    const shuffled = Float64Array.of(3, 4, 1, 2);
    expect(knockoutScreen({ ...cells, control: shuffled })).toEqual(knockoutScreen(cells));
  });
});
