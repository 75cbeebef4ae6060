import { History } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';

/** A history of standard normal values whose rows after the first have random targets. */
export function randomHistory(size: number, rows: number, stream: RandomStream): History {
  const history = new History(size, rows);
  for (let row = 0; row < rows; row++) {
    const values = new Float32Array(size);
    stream.fillNormal(values);
    const targets = Uint8Array.from({ length: size }, () => (row > 0 && stream.bernoulli(0.4) ? 1 : 0));
    history.append(values, { kind: 'do', targets, values });
  }
  return history;
}

/** The same measurements with rows and variables reordered: new variable i is old variable `variables[i]`. */
export function permuteHistory(history: History, variables: ArrayLike<number>, rows: ArrayLike<number>): History {
  const { size } = history;
  const permuted = new History(size, history.rows);
  for (let row = 0; row < history.rows; row++) {
    const from = rows[row]! * size;
    const values = Float32Array.from({ length: size }, (_, i) => history.values[from + variables[i]!]!);
    const targets = Uint8Array.from({ length: size }, (_, i) => history.targets[from + variables[i]!]!);
    permuted.append(values, { kind: 'do', targets, values });
  }
  return permuted;
}
