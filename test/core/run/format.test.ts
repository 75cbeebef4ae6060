import { expect, test } from 'vitest';
import { formatDuration, formatNumber } from '../../../core/run/format.js';

test.each([
  [0, '0.0 s'],
  [0.44, '0.4 s'],
  [45.4, '45 s'],
  [59.7, '1 min 0 s'],
  [200, '3 min 20 s'],
  [7500, '2 h 05 min'],
  [3599.6, '1 h 00 min'],
  [86399, '1 d 0 h'],
  [277200, '3 d 5 h'],
  [Infinity, 'unknown'],
  [Number.NaN, 'unknown'],
  [-1, 'unknown'],
])('%s seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

test.each([
  [0.123456, '0.1235'],
  [-0.5, '-0.5'],
  [12340.6, '12341'],
  [123456789, '123456789'],
  [1.2e-7, '1.2e-7'],
  [3, '3'],
  [Number.NaN, 'NaN'],
])('%s is shown as %s', (value, text) => expect(formatNumber(value)).toBe(text));
