import { describe, expect, test } from 'vitest';
import {
  sampleBeta,
  sampleGamma,
  sampleGumbel,
  sampleInverseGamma,
  sampleLaplace,
  sampleLogNormal,
  sampleNormal,
  samplePoisson,
} from '../../../core/random/distributions.js';
import { RandomStream } from '../../../core/random/stream.js';

const COUNT = 20_000;

/** Regularised lower incomplete gamma function P(a, x) by its power series. */
function lowerGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  let term = Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  let sum = term;
  for (let k = 1; k < 2000 && term > 1e-16 * sum; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return Math.min(sum, 1);
}

/** Stirling's series after shifting the argument above 10. */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 10; y++) shift += Math.log(y);
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * y) - 1 / (360 * y ** 3) - shift;
}

function normalCdf(x: number): number {
  const half = lowerGamma(0.5, (x * x) / 2) / 2;
  return x < 0 ? 0.5 - half : 0.5 + half;
}

/** Beta distribution function by Simpson's rule. */
function betaCdf(alpha: number, beta: number): (x: number) => number {
  const logNorm = logGamma(alpha) + logGamma(beta) - logGamma(alpha + beta);
  const density = (t: number) => t ** (alpha - 1) * (1 - t) ** (beta - 1) * Math.exp(-logNorm);
  return (x) => {
    const steps = 200;
    let sum = density(0) + density(x);
    for (let k = 1; k < steps; k++) sum += (k % 2 === 1 ? 4 : 2) * density((k * x) / steps);
    return (sum * x) / steps / 3;
  };
}

function samples(name: string, next: (stream: RandomStream) => number): Float64Array {
  const stream = new RandomStream(`distributions/${name}`);
  return Float64Array.from({ length: COUNT }, () => next(stream)).sort();
}

/** sqrt(n) times the largest distance of the empirical distribution function; above 1.95 with probability 0.001. */
function kolmogorovSmirnov(sorted: Float64Array, cdf: (x: number) => number): number {
  let distance = 0;
  sorted.forEach((value, k) => {
    const expected = cdf(value);
    distance = Math.max(distance, expected - k / sorted.length, (k + 1) / sorted.length - expected);
  });
  return Math.sqrt(sorted.length) * distance;
}

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

interface Case {
  name: string;
  sample: (stream: RandomStream) => number;
  cdf: (x: number) => number;
  mean: number;
  variance: number;
}

const cases: Case[] = [
  {
    name: 'normal(2, 3)',
    sample: (s) => sampleNormal(s, 2, 3),
    cdf: (x) => normalCdf((x - 2) / 3),
    mean: 2,
    variance: 9,
  },
  {
    name: 'gamma(2.5, 1.5)',
    sample: (s) => sampleGamma(s, 2.5, 1.5),
    cdf: (x) => lowerGamma(2.5, x / 1.5),
    mean: 3.75,
    variance: 5.625,
  },
  {
    name: 'gamma(0.5, 1)',
    sample: (s) => sampleGamma(s, 0.5),
    cdf: (x) => lowerGamma(0.5, x),
    mean: 0.5,
    variance: 0.5,
  },
  {
    name: 'inverse gamma(10, 1)',
    sample: (s) => sampleInverseGamma(s, 10, 1),
    cdf: (x) => 1 - lowerGamma(10, 1 / x),
    mean: 1 / 9,
    variance: 1 / (81 * 8),
  },
  {
    name: 'inverse gamma(8, 3)',
    sample: (s) => sampleInverseGamma(s, 8, 3),
    cdf: (x) => 1 - lowerGamma(8, 3 / x),
    mean: 3 / 7,
    variance: 9 / (49 * 6),
  },
  {
    name: 'beta(2, 5)',
    sample: (s) => sampleBeta(s, 2, 5),
    cdf: betaCdf(2, 5),
    mean: 2 / 7,
    variance: 10 / (49 * 8),
  },
  {
    name: 'gumbel(1, 2)',
    sample: (s) => sampleGumbel(s, 1, 2),
    cdf: (x) => Math.exp(-Math.exp(-(x - 1) / 2)),
    mean: 1 + 2 * 0.5772156649,
    variance: (4 * Math.PI ** 2) / 6,
  },
  {
    name: 'laplace(-1, 0.5)',
    sample: (s) => sampleLaplace(s, -1, 0.5),
    cdf: (x) => (x < -1 ? Math.exp((x + 1) / 0.5) / 2 : 1 - Math.exp(-(x + 1) / 0.5) / 2),
    mean: -1,
    variance: 0.5,
  },
  {
    name: 'log-normal(0.2, 0.5)',
    sample: (s) => sampleLogNormal(s, 0.2, 0.5),
    cdf: (x) => normalCdf((Math.log(x) - 0.2) / 0.5),
    mean: Math.exp(0.325),
    variance: (Math.exp(0.25) - 1) * Math.exp(0.65),
  },
];

describe.each(cases)('$name', ({ name, sample, cdf, mean, variance }) => {
  const values = samples(name, sample);

  test('follows its distribution function', () => {
    expect(kolmogorovSmirnov(values, cdf)).toBeLessThan(1.95);
  });

  test('a 5 % wider one would be noticed', () => {
    const wider = values.map((value) => mean + 1.05 * (value - mean));
    expect(kolmogorovSmirnov(wider, cdf)).toBeGreaterThan(kolmogorovSmirnov(values, cdf));
    expect(kolmogorovSmirnov(wider, cdf)).toBeGreaterThan(1.5);
  });

  test('has its mean and variance', () => {
    const measured = moments(values);
    expect(Math.abs(measured.mean - mean)).toBeLessThan(4 * Math.sqrt(variance / COUNT));
    expect(Math.abs(measured.variance / variance - 1)).toBeLessThan(0.1);
  });
});

describe.each([0.3, 4, 9.9, 10, 17, 60, 300])('poisson(%d)', (rate) => {
  const values = samples(`poisson/${rate}`, (stream) => samplePoisson(stream, rate));

  test('follows its distribution function at every count', () => {
    for (let count = 0; count <= rate + 6 * Math.sqrt(rate); count++) {
      const expected = 1 - lowerGamma(count + 1, rate);
      const measured = values.filter((value) => value <= count).length / COUNT;
      expect(Math.sqrt(COUNT) * Math.abs(measured - expected)).toBeLessThan(1.95);
    }
  });

  test('has its mean and variance', () => {
    const measured = moments(values);
    expect(Math.abs(measured.mean - rate)).toBeLessThan(4 * Math.sqrt(rate / COUNT));
    expect(Math.abs(measured.variance / rate - 1)).toBeLessThan(0.1);
  });
});

test('a Poisson count of mean 0 is 0', () => {
  expect(samplePoisson(new RandomStream('zero'), 0)).toBe(0);
});

test('no hidden state: a restored stream gives the same draws, whatever was drawn before', () => {
  const stream = new RandomStream('restored');
  const drawAll = (from: RandomStream) => cases.map(({ sample }) => sample(from)).concat(samplePoisson(from, 30));
  drawAll(stream);
  stream.normal();
  const restored = RandomStream.restore(stream.state());
  expect(drawAll(restored)).toEqual(drawAll(stream));
});

test.each([
  ['shape', (s: RandomStream) => sampleGamma(s, 0)],
  ['scale', (s: RandomStream) => sampleInverseGamma(s, 1, -1)],
  ['alpha', (s: RandomStream) => sampleBeta(s, Number.NaN, 1)],
  ['mean', (s: RandomStream) => samplePoisson(s, -1)],
])("a '%s' that is not positive is refused", (parameter, sample) => {
  expect(() => sample(new RandomStream('bad'))).toThrow(`'${parameter}' must be positive and finite`);
});
