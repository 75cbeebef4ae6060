/** Mean [d] of rows [n, d]. */
export function columnMeans(values: ArrayLike<number>, size: number): Float64Array {
  const mean = new Float64Array(size);
  for (let entry = 0; entry < values.length; entry++) mean[entry % size]! += values[entry]!;
  const rows = values.length / size;
  return mean.map((sum) => sum / rows);
}

/** Sum over rows [n, d] of (x - centre)(x - centre)': [d, d], not divided by n. */
export function scatterAbout(values: ArrayLike<number>, centre: Float64Array): Float64Array {
  const size = centre.length;
  const scatter = new Float64Array(size * size);
  const row = new Float64Array(size);
  for (let offset = 0; offset < values.length; offset += size) {
    for (let i = 0; i < size; i++) row[i] = values[offset + i]! - centre[i]!;
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) scatter[i * size + j]! += row[i]! * row[j]!;
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) scatter[j * size + i] = scatter[i * size + j]!;
  return scatter;
}
