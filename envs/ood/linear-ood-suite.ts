import type { DesignEnvConfig } from '../design/design-env-config.js';
import { type DeepPartial, varyEnvironment } from '../design/vary-environment.js';

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
    apply: (base) => varyEnvironment(base, difference, `shift '${name}'`),
  };
}
