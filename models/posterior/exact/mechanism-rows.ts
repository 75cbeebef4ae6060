import type { History } from '../../../core/causal/history.js';
import type { InterventionKind } from '../../../core/causal/intervention.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { MechanismRows } from '../../../core/native/ops/exact-posterior.js';

/** Kinds whose effect on a linear mechanism is known: none at all, a constant in its place, or a known term more. */
const KNOWN_EFFECTS: ReadonlySet<InterventionKind> = new Set(['none', 'do', 'shift']);

/**
 * The rows of a history as mechanisms see them: a do-target's own row says nothing about its mechanism, and a shift is taken
 * off. With `imperfect`, targets of any kind are passed over, whatever was done to them.
 *
 * @throws CausalPilotError E_INPUT for kinds whose effect on a linear mechanism is not known, unless `imperfect`.
 */
export function mechanismRows(history: History, { imperfect = false } = {}): MechanismRows {
  const { rows, size, values, targets, kinds, interventionValues } = history;
  const unknown = kinds.find((kind) => !KNOWN_EFFECTS.has(kind));
  if (unknown !== undefined && !imperfect)
    throw new CausalPilotError(
      'E_INPUT',
      `exact posterior: what '${unknown}' does to a linear mechanism is not known; use a learned posterior, or allow misspecification, which passes over the targets' own rows`,
    );
  const excluded = targets.slice();
  let shifts: Float32Array | undefined;
  for (let row = 0; row < rows; row++) {
    if (kinds[row] !== 'shift' || imperfect) continue;
    shifts ??= new Float32Array(rows * size);
    for (let at = row * size; at < (row + 1) * size; at++) {
      excluded[at] = 0;
      shifts[at] = interventionValues[at]!;
    }
  }
  return { rows, size, values, excluded, shifts };
}
