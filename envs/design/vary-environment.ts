import * as z from 'zod';
import { isRecord } from '../../core/config/is-record.js';
import { CausalPilotError } from '../../core/errors.js';
import { DesignEnvConfig } from './design-env-config.js';

/** All fields optional, at every depth. */
export type DeepPartial<T> = T extends object ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> } : T;

/**
 * The environment with the fields of `difference` in place of its own; it is left as it was.
 *
 * @param name - what errors call the difference, such as `shift 'scale-free'`
 * @throws CausalPilotError E_CONFIG if its prior is not the kind that the difference is about, or the result is not valid.
 */
export function varyEnvironment(
  base: DesignEnvConfig,
  difference: DeepPartial<DesignEnvConfig>,
  name: string,
): DesignEnvConfig {
  const wanted = difference.prior?.kind;
  if (wanted !== undefined && wanted !== base.prior.kind)
    throw new CausalPilotError(
      'E_CONFIG',
      `${name} is about '${wanted}' systems, but the base environment has '${base.prior.kind}'; choose another`,
    );
  const result = DesignEnvConfig.safeParse(merged(base, difference));
  if (result.success) return result.data;
  throw new CausalPilotError('E_CONFIG', `${name} gives a config that is not valid: ${z.prettifyError(result.error)}`);
}

/** `base` with every field that `difference` has, objects merged field by field; neither is changed. */
function merged(base: unknown, difference: unknown): unknown {
  if (!isRecord(base) || !isRecord(difference)) return difference === undefined ? base : difference;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(difference)) result[key] = merged(base[key], value);
  return result;
}
