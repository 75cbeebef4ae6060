/** The numbers of all parts, one after the other; a single part is returned as it is. */
export function concatenate<T extends Float32Array | Float64Array | Int32Array | Uint32Array>(
  Numbers: new (length: number) => T,
  parts: readonly T[],
): T {
  if (parts.length === 1) return parts[0]!;
  const whole = new Numbers(parts.reduce((total, { length }) => total + length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}
