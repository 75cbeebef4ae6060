import { POISSON_REJECTION_FROM, poissonByRejection } from '../../core/random/poisson.js';
import type { RandomStream } from '../../core/random/stream.js';

/** Threefry rotations for two 32-bit words (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const ROUNDS = 20;
const KEY_PARITY = 0x1bd11bda;

/** Counts of a mean below 10 beyond this are rarer than 2^-32. */
const LONGEST_SEARCH = 256;

/** Both halves of a block of normals are whole vectors of the native kernel. */
const NORMALS_PER_HALF_BLOCK = 16;

/**
 * Threefry-2x32 with 20 rounds: a random function of (key, counter), so that any number of a long sequence can be had
 * without the ones before it, in any order, on any number of threads. The native kernel computes the same words.
 *
 * `output` [2] is overwritten with 32-bit unsigned words.
 */
export function threefry(key: Uint32Array, counter0: number, counter1: number, output: Uint32Array): void {
  const key0 = key[0]!;
  const key1 = key[1]!;
  const schedule = [key0 | 0, key1 | 0, KEY_PARITY ^ key0 ^ key1] as const;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const rotation = ROTATIONS[round % ROTATIONS.length]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x0 = (x0 + schedule[injection % 3]!) | 0;
    x1 = (x1 + schedule[(injection + 1) % 3]! + injection) | 0;
  }
  output[0] = x0;
  output[1] = x1;
}

/** Uniform in (0, 1) from the upper 23 bits of a word. */
function openUniform(word: number): number {
  return ((word >>> 9) + 0.5) * 2 ** -23;
}

/** At least `count` standard normals by Box-Muller; the counters (p, row) give entries p and p + length / 2. */
export function counterNormals(key: Uint32Array, row: number, count: number): Float32Array {
  const half = Math.ceil(count / (2 * NORMALS_PER_HALF_BLOCK)) * NORMALS_PER_HALF_BLOCK;
  const normals = new Float32Array(2 * half);
  const words = new Uint32Array(2);
  for (let pair = 0; pair < half; pair++) {
    threefry(key, pair, row, words);
    const radius = Math.sqrt(-2 * Math.log(openUniform(words[0]!)));
    const angle = 2 * Math.PI * openUniform(words[1]!);
    normals[pair] = radius * Math.cos(angle);
    normals[half + pair] = radius * Math.sin(angle);
  }
  return normals;
}

/** A key for counters, [2], from a stream. */
export function drawKey(stream: RandomStream): Uint32Array {
  return Uint32Array.of(stream.uniform() * 2 ** 32, stream.uniform() * 2 ** 32);
}

/** Uniform in (0, 1) from the first word of counter (entry, 0). */
export function counterUniform(key: Uint32Array, entry: number): number {
  const words = new Uint32Array(2);
  threefry(key, entry, 0, words);
  return fineUniform(words[0]!);
}

/** A standard normal from counter (entry, 0), by Box-Muller. */
export function counterNormal(key: Uint32Array, entry: number): number {
  const words = new Uint32Array(2);
  threefry(key, entry, 0, words);
  return Math.sqrt(-2 * Math.log(fineUniform(words[0]!))) * Math.cos(2 * Math.PI * fineUniform(words[1]!));
}

/** A Poisson count of positive mean: by inversion of counter (entry, 0), or by rejection, with counters (entry, 1), (entry, 2), ... */
export function counterPoisson(key: Uint32Array, entry: number, mean: number): number {
  if (mean < POISSON_REJECTION_FROM) return poissonByInversion(mean, counterUniform(key, entry));
  const words = new Uint32Array(2);
  let attempt = 0;
  const source = {
    uniform: () => {
      threefry(key, entry, ++attempt, words);
      return fineUniform(words[0]!);
    },
    openUniform: () => fineUniform(words[1]!),
  };
  return poissonByRejection(source, mean);
}

/** Of 32 bits, which rounding of float64 leaves no doubt about. */
function fineUniform(word: number): number {
  return (word + 0.5) * 2 ** -32;
}

/** The smallest count whose cumulative probability reaches the uniform. */
function poissonByInversion(mean: number, uniform: number): number {
  let probability = Math.exp(-mean);
  let count = 0;
  for (let cumulative = probability; uniform > cumulative && count < LONGEST_SEARCH; cumulative += probability)
    probability *= mean / ++count;
  return count;
}

/** An integer in 0 .. maximumExclusive - 1 from a 32-bit word. */
export function integerFromWord(word: number, maximumExclusive: number): number {
  return Math.floor((word * maximumExclusive) / 2 ** 32);
}
