import { expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { BASES } from '../../../../models/gim/structure/basis.js';
import { basisColumns, screenMoments } from '../../../../models/gim/structure/screen-moments.js';

const stream = new RandomStream('screen-moments');
const rows = (count: number) => stream.fillNormal(new Float64Array(3 * count), 2, 3);
const data = {
  size: 3,
  observational: rows(30),
  contexts: [5, 9].map((count, k) => ({ features: Float64Array.of(k), group: `${k}`, values: rows(count) })),
};

test.each(['linear', 'additive'] as const)('all rows about the observational mean, basis %s', (name) => {
  const moments = screenMoments(data, BASES[name]);
  const width = moments.centre.length;
  const all = [data.observational, ...data.contexts.map(({ values }) => values)].flatMap((values) => [
    ...basisColumns(values, moments),
  ]);
  const expected = new Float64Array(width * width);
  for (let offset = 0; offset < all.length; offset += width)
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++)
        expected[i * width + j]! += (all[offset + i]! - moments.centre[i]!) * (all[offset + j]! - moments.centre[j]!);
  expect(moments.totalRows).toBe(44);
  for (const [entry, value] of expected.entries()) expect(moments.total[entry]).toBeCloseTo(value, 9);
});

test('linear columns have mean 0 and variance 1 without perturbation', () => {
  const { centre, observational } = screenMoments(data, BASES.linear);
  for (const value of centre) expect(value).toBeCloseTo(0, 12);
  for (let i = 0; i < 3; i++) expect(observational.scatter[i * 4]! / 30).toBeCloseTo(1, 12);
});

test('a variable that never varies is named', () => {
  const constant = { ...data, observational: data.observational.map((value, entry) => (entry % 3 === 2 ? 1 : value)) };
  expect(() => screenMoments(constant, BASES.linear)).toThrow('variable 2 never varies');
});
