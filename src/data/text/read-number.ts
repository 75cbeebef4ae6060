/** What one field of a text table is. */
export type Field =
  | { readonly kind: 'number'; readonly value: number }
  /** Empty, or one of the words that tools write where nothing was measured. */
  | { readonly kind: 'missing' }
  /** A number with a comma where a point is needed, such as `3,5`. */
  | { readonly kind: 'decimal-comma' }
  | { readonly kind: 'text' };

const MISSING_WORDS = new Set([
  '',
  'na',
  'nan',
  'n/a',
  '<na>',
  '#n/a',
  'null',
  'none',
  '.',
  '-',
  'inf',
  '-inf',
  '+inf',
]);

/** Whether a field is one of the words for "nothing was measured". */
export function isMissing(text: string): boolean {
  return MISSING_WORDS.has(text.trim().toLowerCase());
}

export function readNumber(text: string): Field {
  // JavaScript reads 0x1f, 0b1 and 0o7 as numbers, which no table of measurements means.
  const value = /^\s*0[xbo]/i.test(text) ? Number.NaN : Number(text);
  // Number('') is 0.
  if (Number.isFinite(value) && (value !== 0 || text.trim() !== '')) return { kind: 'number', value };
  if (isMissing(text) || !Number.isNaN(value)) return { kind: 'missing' };
  return { kind: /^\s*[-+]?\d+,\d+(e[-+]?\d+)?\s*$/i.test(text) ? 'decimal-comma' : 'text' };
}
