import { CausalPilotError } from '../errors.js';

/** What an experiment does to its targets. `none` is an observation. */
export const INTERVENTION_KINDS = ['none', 'do', 'shift', 'knockout', 'knockdown', 'overexpression'] as const;
export type InterventionKind = (typeof INTERVENTION_KINDS)[number];

/** Kinds whose targets carry a number (the do-value or the shift). */
export const KINDS_WITH_VALUES: ReadonlySet<InterventionKind> = new Set(['do', 'shift']);

/** One experiment on a system of d variables. */
export interface Intervention {
  readonly kind: InterventionKind;
  /** [d], 1 where the variable is a target. */
  readonly targets: Uint8Array;
  /** [d], do-value or shift per variable; ignored where `targets` is 0; absent for kinds without values. */
  readonly values?: Float32Array;
}

/** An intervention on the flagged variables [d]; `values` [d] are left out for kinds that take none. */
export function intervene(kind: InterventionKind, targets: Uint8Array, values: Float32Array): Intervention {
  return KINDS_WITH_VALUES.has(kind) ? { kind, targets, values } : { kind, targets };
}

/** An intervention on the variables whose value [d] is not 0; values are rounded to 32 bits. */
export function interveneWhereNonZero(kind: InterventionKind, values: ArrayLike<number>): Intervention {
  const rounded = Float32Array.from(values);
  return intervene(
    kind,
    Uint8Array.from(rounded, (value) => (value === 0 ? 0 : 1)),
    rounded,
  );
}

/** Flags [size], 1 for each listed variable. @throws CausalPilotError E_INPUT for a variable that does not exist. */
export function targetFlags(size: number, listed: readonly number[], kind?: InterventionKind): Uint8Array {
  const targets = new Uint8Array(size);
  for (const variable of listed) {
    if (!Number.isInteger(variable) || variable < 0 || variable >= size)
      throw invalid(
        `${kind === undefined ? '' : `${kind} `}target must be an integer in [0, ${size - 1}], got ${variable}`,
      );
    targets[variable] = 1;
  }
  return targets;
}

/** No intervention at all: a measurement of the system as it is. */
export function observe(size: number): Intervention {
  return { kind: 'none', targets: new Uint8Array(size) };
}

/** Sets each listed variable to its value: `doIntervention(5, { 2: 1 })` is do(y_2 := 1). */
export function doIntervention(size: number, values: Readonly<Record<number, number>>): Intervention {
  return interventionWithValues('do', size, values);
}

/** Adds to the noise mean of each listed variable: `shiftIntervention(5, { 2: 1 })` moves y_2 by 1. */
export function shiftIntervention(size: number, values: Readonly<Record<number, number>>): Intervention {
  return interventionWithValues('shift', size, values);
}

/** Switches the listed genes off. */
export function knockout(size: number, targets: readonly number[]): Intervention {
  return { kind: 'knockout', targets: targetFlags(size, targets, 'knockout') };
}

/** Reduces the listed genes without switching them off. */
export function knockdown(size: number, targets: readonly number[]): Intervention {
  return { kind: 'knockdown', targets: targetFlags(size, targets, 'knockdown') };
}

/** Makes the listed genes produce more. */
export function overexpression(size: number, targets: readonly number[]): Intervention {
  return { kind: 'overexpression', targets: targetFlags(size, targets, 'overexpression') };
}

/**
 * Checks an intervention that comes from outside (a policy, a user) before it is carried out.
 *
 * @throws CausalPilotError E_INPUT if the kind is not allowed (`none` always is), an array has the wrong length, a flag
 * is not 0 or 1, an observation has targets, or a targeted value is missing or not finite.
 */
export function validateIntervention(
  intervention: Intervention,
  size: number,
  allowedKinds: readonly InterventionKind[],
): void {
  const { kind, targets, values } = intervention;
  if (kind !== 'none' && !allowedKinds.includes(kind))
    throw invalid(`kind '${kind}' is not supported here; use one of: none, ${allowedKinds.join(', ')}`);
  if (targets.length !== size) throw invalid(`'targets' must have ${size} entries, got ${targets.length}`);
  if (values !== undefined && values.length !== size)
    throw invalid(`'values' must have ${size} entries, got ${values.length}`);
  if (KINDS_WITH_VALUES.has(kind) && values === undefined)
    throw invalid(`kind '${kind}' needs 'values' with ${size} entries`);
  for (let variable = 0; variable < size; variable++) {
    const flag = targets[variable]!;
    if (flag !== 0 && flag !== 1) throw invalid(`target flag ${variable} must be 0 or 1, got ${flag}`);
    if (flag === 0) continue;
    if (kind === 'none') throw invalid(`kind 'none' must not have targets, but variable ${variable} is one`);
    if (KINDS_WITH_VALUES.has(kind) && !Number.isFinite(values![variable]!))
      throw invalid(`the value of target ${variable} must be finite, got ${values![variable]}`);
  }
}

function invalid(problem: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', `intervention: ${problem}`);
}

function interventionWithValues(
  kind: 'do' | 'shift',
  size: number,
  assignments: Readonly<Record<number, number>>,
): Intervention {
  const listed = Object.keys(assignments).map(Number);
  const targets = targetFlags(size, listed, kind);
  const values = new Float32Array(size);
  for (const variable of listed) values[variable] = assignments[variable]!;
  const intervention: Intervention = { kind, targets, values };
  validateIntervention(intervention, size, [kind]);
  return intervention;
}
