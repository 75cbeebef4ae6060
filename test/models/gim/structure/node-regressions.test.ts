import { expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { BASES } from '../../../../models/gim/structure/basis.js';
import { NodeRegressions } from '../../../../models/gim/structure/node-regressions.js';
import { screenMoments } from '../../../../models/gim/structure/screen-moments.js';

const stream = new RandomStream('node-regressions');
const rows = (count: number, shift: number) => {
  const values = stream.fillNormal(new Float64Array(2 * count));
  for (let row = 0; row < count; row++) values[2 * row + 1]! += shift + 0.5 * values[2 * row]!;
  return values;
};
const data = {
  size: 2,
  observational: rows(40, 0),
  contexts: [0, 7].map((shift, k) => ({ features: Float64Array.of(k), group: `${k}`, values: rows(20, shift) })),
};
const moments = screenMoments(data, BASES.linear);

/** Slope of the second column on the first, rows centred by `centre(block)`. */
function slope(blocks: readonly { values: Float64Array; centre: readonly [number, number] }[]): number {
  let [xy, xx] = [0, 0];
  for (const { values, centre } of blocks)
    for (let row = 0; row < values.length / 2; row++) {
      const [x, y] = [values[2 * row]! - centre[0], values[2 * row + 1]! - centre[1]];
      xy += x * y;
      xx += x * x;
    }
  return (xy / xx) * (moments.deviations[0]! / moments.deviations[1]!);
}
const meanOf = (values: Float64Array): [number, number] => {
  const count = values.length / 2;
  const at = (i: number) => values.reduce((sum, value, entry) => sum + (entry % 2 === i ? value / count : 0), 0);
  return [at(0), at(1)];
};

test('a context that hits a variable counts about its own mean, the others about the observational one', () => {
  const regressions = new NodeRegressions(moments, Uint8Array.of(0, 0, 0, 1));
  const still = meanOf(data.observational);
  const expected = slope([
    { values: data.observational, centre: still },
    { values: data.contexts[0]!.values, centre: still },
    { values: data.contexts[1]!.values, centre: meanOf(data.contexts[1]!.values) },
  ]);
  expect(regressions.of(1, [0]).coefficients[0]).toBeCloseTo(expected, 6);
  expect(regressions.rows(1)).toBe(78);
  expect(regressions.rows(0)).toBe(79);
});

test('a free intercept is that of a regression on all rows in which the variable is no target', () => {
  const regressions = new NodeRegressions(moments, Uint8Array.of(0, 0, 0, 1), 'free');
  const both = Float64Array.from([...data.observational, ...data.contexts[0]!.values]);
  const centre = meanOf(both);
  const own = { values: data.contexts[1]!.values, centre: meanOf(data.contexts[1]!.values) };
  const { coefficients, intercept } = regressions.of(1, [0]);
  expect(coefficients[0]).toBeCloseTo(slope([{ values: both, centre }, own]), 6);
  const [x, y] = [0, 1].map((i) => (centre[i]! - moments.means[i]!) / moments.deviations[i]!);
  expect(intercept).toBeCloseTo(y! - coefficients[0]! * x!, 9);
});

test('an edge costs what it is told to, per coefficient', () => {
  const regressions = new NodeRegressions(moments, new Uint8Array(4));
  expect(regressions.score(1, [0], 3)).toBeCloseTo(regressions.of(1, [0]).logLikelihood - 3, 12);
});
