import { CausalPilotError } from '../errors.js';
import type { History } from './history.js';

/** Bits of a value that must be left once the mean is taken off; float32 has 24. */
const BITS_LEFT = 10;
const SMALLEST_SHARE = 2 ** (BITS_LEFT - 24);

/**
 * What reads histories blind to an offset must find something left when it is taken off: histories hold float32 values, which
 * an offset of a million standard deviations rounds away. A variable that never varies is no loss.
 *
 * @throws CausalPilotError E_INPUT naming the history and the variable.
 */
export function checkResolution(reader: string, histories: readonly History[]): void {
  for (const [index, { size, rows, values }] of histories.entries())
    for (let variable = 0; variable < size; variable++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += values[row * size + variable]!;
      const mean = sum / rows;
      let squares = 0;
      for (let row = 0; row < rows; row++) squares += (values[row * size + variable]! - mean) ** 2;
      const deviation = Math.sqrt(squares / rows);
      if (!(deviation > 0) || deviation > SMALLEST_SHARE * Math.abs(mean)) continue;
      throw new CausalPilotError(
        'E_INPUT',
        `${reader}: variable ${variable} of history ${index} has mean ${rounded(mean)} and standard deviation ${rounded(deviation)}, of which float32 values keep fewer than ${BITS_LEFT} bits; subtract the mean before the rows enter a history`,
      );
    }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
