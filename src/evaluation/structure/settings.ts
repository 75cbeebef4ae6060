import { CausalPilotError } from '../../../core/errors.js';
import type { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { linearOodSuite, type OodShift } from '../../../envs/ood/linear-ood-suite.js';
import { sergioOodSuite } from '../../../envs/ood/sergio-ood-suite.js';

/** An environment to evaluate in, by the name it has in results. */
export interface EvaluationSetting {
  readonly name: string;
  readonly config: DesignEnvConfig;
}

/** The setting that is the training distribution itself. */
export const IN_DISTRIBUTION = 'training';

/** What kind of systems an environment has. */
export type PriorKind = DesignEnvConfig['prior']['kind'];

/** The shifts that each kind of system has; a kind without a suite is evaluated as it was trained. */
const SUITES: Partial<Record<PriorKind, () => readonly OodShift[]>> = {
  'linear-scm': () => linearOodSuite(),
  sergio: () => sergioOodSuite(),
};

function suiteOf(kind: PriorKind): readonly OodShift[] {
  return SUITES[kind]?.() ?? [];
}

/** Names that `evaluationSettings` accepts: the training distribution, then the out-of-distribution suite of its kind. */
export function settingNames(kind: PriorKind = 'linear-scm'): string[] {
  return [IN_DISTRIBUTION, ...suiteOf(kind).map(({ name }) => name)];
}

/**
 * The named settings, made from the environment that was trained on.
 *
 * @throws CausalPilotError E_CONFIG for an unknown or repeated name, or a shift that does not apply to `base`.
 */
export function evaluationSettings(base: DesignEnvConfig, names: readonly string[]): EvaluationSetting[] {
  const { kind } = base.prior;
  const suite = suiteOf(kind);
  return names.map((name, position) => {
    if (names.indexOf(name) !== position)
      throw new CausalPilotError('E_CONFIG', `environments: '${name}' is listed twice; name it once`);
    if (name === IN_DISTRIBUTION) return { name, config: base };
    const shift = suite.find((candidate) => candidate.name === name);
    if (shift === undefined)
      throw new CausalPilotError(
        'E_CONFIG',
        `environments: unknown setting '${name}'; choose among ${settingNames(kind).join(', ')}`,
      );
    return { name, config: shift.apply(base) };
  });
}
