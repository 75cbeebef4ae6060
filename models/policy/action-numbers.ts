import {
  INTERVENTION_KINDS,
  type Intervention,
  type InterventionKind,
  intervene,
  KINDS_WITH_VALUES,
} from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';

// Shapes: K histories, d variables, C action numbers per variable: a switch, and a value for kinds that take one.

/** What an action's numbers mean in an environment. */
export interface ActionUnits {
  readonly interventionKind: InterventionKind;
  /** Largest allowed |value|: the action's value number is multiplied by it. */
  readonly valueRange: number;
}

/** Action numbers per variable C. */
export function actionChannels(kind: InterventionKind): number {
  return KINDS_WITH_VALUES.has(kind) ? 2 : 1;
}

/**
 * Checks what a policy is asked for.
 *
 * @param channels - action numbers per variable that the policy was trained with
 * @throws CausalPilotError E_INPUT for a kind that does not exist or has other numbers, or a range that is not a positive number.
 */
export function checkUnits({ interventionKind, valueRange }: ActionUnits, channels: number): void {
  const kinds = INTERVENTION_KINDS.filter((kind) => kind !== 'none' && actionChannels(kind) === channels);
  if (!kinds.includes(interventionKind))
    throw new CausalPilotError(
      'E_INPUT',
      `policy: it was trained for interventions ${channels > 1 ? 'with' : 'without'} values (${kinds.join(', ')}) and is asked for '${interventionKind}'; ask for one of these, or train another`,
    );
  if (channels > 1 && !(Number.isFinite(valueRange) && valueRange > 0))
    throw new CausalPilotError('E_INPUT', `policy: 'valueRange' must be a positive number, got ${valueRange}`);
}

/** Action numbers [K, d, C] in (-1, 1) as interventions: a switch above 0 makes the variable a target. */
export function interventionsFromActions(
  actions: Float32Array,
  size: number,
  { interventionKind, valueRange }: ActionUnits,
): Intervention[] {
  const channels = actionChannels(interventionKind);
  const flags = new Uint8Array(actions.length / channels);
  const values = new Float32Array(flags.length);
  for (let at = 0; at < flags.length; at++) {
    flags[at] = actions[at * channels]! > 0 ? 1 : 0;
    if (channels === 2) values[at] = actions[at * channels + 1]!;
  }
  return interventionsFromFlags(flags, values, { size, interventionKind, valueRange });
}

/** Target flags [K, d] and values [K, d] in units of the range as interventions. */
export function interventionsFromFlags(
  flags: Uint8Array,
  values: Float32Array | undefined,
  { size, interventionKind, valueRange }: ActionUnits & { readonly size: number },
): Intervention[] {
  const measured = values?.map((value) => valueRange * value) ?? new Float32Array(flags.length);
  return Array.from({ length: size === 0 ? 0 : flags.length / size }, (_, k) =>
    intervene(interventionKind, flags.slice(k * size, (k + 1) * size), measured.slice(k * size, (k + 1) * size)),
  );
}

/** Action numbers [K, d, C], each uniform in (-1, 1). */
export function uniformActions(streams: readonly RandomStream[], size: number, kind: InterventionKind): Float32Array {
  const perAction = size * actionChannels(kind);
  const actions = new Float32Array(streams.length * perAction);
  streams.forEach((stream, k) => {
    stream.fillUniform(actions.subarray(k * perAction, (k + 1) * perAction), -1, 1);
  });
  return actions;
}
