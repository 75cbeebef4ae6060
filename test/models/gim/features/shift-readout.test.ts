import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { chooseShiftReadout, type GroupedSample } from '../../../../models/gim/features/choose-shift-readout.js';
import { readShifts, SHIFT_FORMS, shiftLoss, startParameters } from '../../../../models/gim/features/shift-readout.js';

const [size, width] = [2, 2];
const units = Float64Array.of(1, 2);

/** Compounds whose strength, half dose and slope are linear in two descriptors; variable 1 moves by as many units. */
function samples(noise: number): GroupedSample[] {
  const stream = new RandomStream('shift-readout');
  return Array.from({ length: 20 }, (_, compound) => {
    const descriptors = stream.fillUniform(new Float64Array(width), -1, 1);
    const [x, y] = descriptors as unknown as [number, number];
    return [0.5, 1, 2].flatMap((dose) =>
      [0, 1].map((variable) => {
        const response = 1 / (1 + ((1 + 0.3 * y) / dose) ** (2 + 0.5 * x));
        const shift = units[variable]! * (3 + 2 * x) * response + noise * stream.normal();
        return { descriptors, group: `${compound}`, dose, variable, shift, precision: 400 };
      }),
    );
  }).flat();
}

describe('shiftLoss', () => {
  test.each(SHIFT_FORMS.filter(({ penalty, smoothing }) => penalty === 5 && smoothing === 1e-2))(
    'gradients of $strength, $curve',
    (form) => {
      const shape = { form, size, width, typicalDose: 1, units };
      const stream = new RandomStream('gradient');
      const point = startParameters(shape).map((value) => value + 0.3 * stream.normal());
      const gradient = new Float64Array(point.length);
      const data = samples(0.1);
      shiftLoss(shape, data, point, gradient);
      point.forEach((value, i) => {
        const at = (moved: number) => {
          const other = point.slice();
          other[i] = moved;
          return shiftLoss(shape, data, other, new Float64Array(point.length));
        };
        const numeric = (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
        expect(Math.abs(gradient[i]! - numeric) / Math.max(1, Math.abs(numeric))).toBeLessThan(1e-5);
      });
    },
  );
});

describe('chooseShiftReadout', () => {
  const { readout, deviation, heldOutLosses } = chooseShiftReadout(samples(0.05), {
    size,
    width,
    typicalDose: 1,
    units,
  });

  test('finds that compounds have one strength, and reads new ones', () => {
    expect(readout.form).toMatchObject({ strength: 'shared', curve: 'linear' });
    expect(heldOutLosses).toHaveLength(SHIFT_FORMS.length);
    const [shift] = readShifts(readout, Float64Array.of(0.2, -0.4), 1.5);
    expect(shift).toBeCloseTo(3.4 / (1 + (0.88 / 1.5) ** 2.1), 1);
    expect(deviation).toBeLessThan(0.1);
  });

  test('without doses there is no curve', () => {
    const flat = samples(0).map((sample) => ({ ...sample, shift: sample.variable + 1 }));
    const chosen = chooseShiftReadout(flat, { size, width, typicalDose: 0, units });
    const shifts = readShifts(chosen.readout, Float64Array.of(0.5, 0.5), 0);
    expect(shifts[0]).toBeCloseTo(1, 2);
    expect(shifts[1]).toBeCloseTo(2, 2);
  });
});
