import * as z from 'zod';
import { CausalPilotError } from '../../core/errors.js';
import { DesignEnvConfig } from '../design/design-env-config.js';

/** All fields optional, at every depth. */
export type DeepPartial<T> = T extends object ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> } : T;

/** One distribution shift: how the test environment differs from the one that a policy was trained on. */
export interface OodShift {
  readonly name: string;
  readonly description: string;
  /** The fields that differ, for any base config with linear systems. */
  readonly difference: DeepPartial<DesignEnvConfig>;
  /**
   * The base config with the difference merged in; the base is left as it was.
   *
   * @throws CausalPilotError E_CONFIG if the base's prior is not the kind that the difference is about, or if the merged
   * config is not valid.
   */
  apply(base: DesignEnvConfig): DesignEnvConfig;
}

/** Numbers of variables of the dimensionality shift, unless others are asked for. */
export const OOD_VARIABLES: readonly number[] = [15, 20, 30];

/**
 * The out-of-distribution suite of the CAASL paper (its figure 3 and appendix D) for linear systems: shifts a, b and c
 * build on each other, d to f stand alone.
 */
export function linearOodSuite(variables: readonly number[] = OOD_VARIABLES): readonly OodShift[] {
  const scaleFree = { graph: { kind: 'scale-free' } } as const;
  const shiftedCoefficients = { ...scaleFree, coefficients: { mean: 0.1 } } as const;
  return [
    linearShift('scale-free', 'a: scale-free graphs', scaleFree),
    linearShift('scale-free-coefficients', 'b: and coefficients with mean +-0.1', shiftedCoefficients),
    linearShift('scale-free-coefficients-gumbel', 'c: and Gumbel noise', {
      ...shiftedCoefficients,
      noise: { kind: 'gumbel' },
    }),
    linearShift('heteroskedastic', 'd: noise whose scale depends on the parents', {
      noise: { kind: 'heteroskedastic' },
    }),
    oodShift('shift-interventions', 'e: designs carried out as shift interventions', { interventionKind: 'shift' }),
    ...variables.map((count) => linearShift(`variables-${count}`, `f: ${count} variables`, { variables: count })),
  ];
}

function linearShift(
  name: string,
  description: string,
  prior: DeepPartial<Omit<Extract<DesignEnvConfig['prior'], { kind: 'linear-scm' }>, 'kind'>>,
): OodShift {
  return oodShift(name, description, { prior: { kind: 'linear-scm', ...prior } });
}

/** A shift given by the fields that differ; users and other domains build theirs with it too. */
export function oodShift(name: string, description: string, difference: DeepPartial<DesignEnvConfig>): OodShift {
  return {
    name,
    description,
    difference,
    apply(base) {
      const wanted = difference.prior?.kind;
      if (wanted !== undefined && wanted !== base.prior.kind)
        throw new CausalPilotError(
          'E_CONFIG',
          `shift '${name}' is about '${wanted}' systems, but the base environment has '${base.prior.kind}'; choose another shift`,
        );
      const result = DesignEnvConfig.safeParse(merged(base, difference));
      if (result.success) return result.data;
      throw new CausalPilotError(
        'E_CONFIG',
        `shift '${name}' gives a config that is not valid: ${z.prettifyError(result.error)}`,
      );
    },
  };
}

/** `base` with every field that `difference` has, objects merged field by field; neither is changed. */
function merged(base: unknown, difference: unknown): unknown {
  if (!isRecord(base) || !isRecord(difference)) return difference === undefined ? base : difference;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(difference)) result[key] = merged(base[key], value);
  return result;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
