/**
 * How linear and encoder layers make their products: on tensor cores, with inputs rounded to 10 bits of mantissa and float32
 * sums, or exactly in float32.
 */
export type Precision = 'tf32' | 'float32';
