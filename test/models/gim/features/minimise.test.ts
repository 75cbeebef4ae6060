import { expect, test } from 'vitest';
import { minimise } from '../../../../models/gim/features/minimise.js';

test("Rosenbrock's valley is followed to its end", () => {
  const end = minimise(
    ([x, y], gradient) => {
      const [a, b] = [1 - x!, y! - x! * x!];
      gradient[0] = -2 * a - 400 * x! * b;
      gradient[1] = 200 * b;
      return a * a + 100 * b * b;
    },
    Float64Array.of(-1.2, 1),
    500,
  );
  expect(end[0]).toBeCloseTo(1, 3);
  expect(end[1]).toBeCloseTo(1, 3);
});

test('a start at the minimum stays', () => {
  const flat = (point: Float64Array, gradient: Float64Array) => {
    gradient.set(point);
    return point.reduce((sum, value) => sum + (value * value) / 2, 0);
  };
  expect([...minimise(flat, new Float64Array(3), 10)]).toEqual([0, 0, 0]);
});
