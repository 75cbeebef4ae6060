const FINAL_MULTIPLIER_1 = 0x85ebca6b;
const FINAL_MULTIPLIER_2 = 0xc2b2ae35;
const GOLDEN_RATIO = 0x9e3779b1;

/** The finaliser of MurmurHash3: a bijection of 32-bit words in which every input bit affects every output bit. */
function mixBits(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, FINAL_MULTIPLIER_1);
  h ^= h >>> 13;
  h = Math.imul(h, FINAL_MULTIPLIER_2);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The key of one dropout branch: uint32, what the kernels receive, so that every backend draws the same mask. */
function dropoutKey(seed: number, branch: number): number {
  return mixBits((seed >>> 0) ^ Math.imul(branch + 1, GOLDEN_RATIO));
}

/** Keys of the attention and the feed-forward branch of one encoder layer: [2] uint32 numbers as int32. */
export function dropoutKeys(seed: number): Int32Array {
  return Int32Array.of(dropoutKey(seed, 0), dropoutKey(seed, 1));
}

/** Hashes below this are dropped: rate * 2^32. */
export function dropoutThreshold(rate: number): number {
  return Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
}

/**
 * Inverted-dropout factors, 0 or 1 / (1 - rate), for `size` elements. Element i is dropped when
 * mix(i * golden ratio XOR key) is below rate * 2^32, so a mask can be recomputed anywhere from its seed and branch.
 */
export function dropoutMask(size: number, rate: number, seed: number, branch: number): Float32Array {
  return dropoutFactors(size, rate, dropoutKey(seed, branch));
}

/** The same mask from its key (uint32, or the int32 of the same bits). */
export function dropoutFactors(size: number, rate: number, key: number): Float32Array {
  const threshold = dropoutThreshold(rate);
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(size);
  for (let index = 0; index < size; index++) {
    if (mixBits(Math.imul(index, GOLDEN_RATIO) ^ key) >= threshold) mask[index] = kept;
  }
  return mask;
}
