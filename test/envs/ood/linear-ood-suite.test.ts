import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnv } from '../../../envs/design/design-env.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { checkEnvironment } from '../../../envs/design/environment-checker.js';
import { linearOodSuite, OOD_VARIABLES, oodShift } from '../../../envs/ood/linear-ood-suite.js';
import { constantPosterior } from '../toy-posteriors.js';

const base = DesignEnvConfig.parse({ initialRows: 7, prior: { kind: 'linear-scm', graph: { degree: 2 } } });
const suite = linearOodSuite();

function applied(name: string): DesignEnvConfig {
  return suite.find((shift) => shift.name === name)!.apply(base);
}

describe('the suite', () => {
  test('has shifts a to f, each with a name of its own', () => {
    expect(suite.map(({ name }) => name)).toEqual([
      'scale-free',
      'scale-free-coefficients',
      'scale-free-coefficients-gumbel',
      'heteroskedastic',
      'shift-interventions',
      ...OOD_VARIABLES.map((count) => `variables-${count}`),
    ]);
  });

  test.each([
    ['scale-free', { graph: { kind: 'scale-free', degree: 2 } }],
    ['scale-free-coefficients', { graph: { kind: 'scale-free', degree: 2 }, coefficients: { mean: 0.1 } }],
    [
      'scale-free-coefficients-gumbel',
      {
        graph: { kind: 'scale-free', degree: 2 },
        coefficients: { mean: 0.1 },
        noise: { ...(base.prior.kind === 'linear-scm' && base.prior.noise), kind: 'gumbel' },
      },
    ],
    [
      'heteroskedastic',
      { noise: { ...(base.prior.kind === 'linear-scm' && base.prior.noise), kind: 'heteroskedastic' } },
    ],
    ['variables-20', { variables: 20 }],
  ])('%s changes exactly its fields of the prior', (name, fields) => {
    expect(applied(name)).toEqual({ ...base, prior: { ...base.prior, ...fields } });
  });

  test('shift-interventions changes the kind of intervention alone', () => {
    expect(applied('shift-interventions')).toEqual({ ...base, interventionKind: 'shift' });
  });

  test('leaves the base config as it was', () => {
    const before = structuredClone(base);
    for (const shift of suite) shift.apply(base);
    expect(base).toEqual(before);
  });

  test('other numbers of variables can be asked for', () => {
    expect(linearOodSuite([12]).at(-1)!.apply(base).prior).toMatchObject({ variables: 12 });
  });

  test.each(suite.map((shift) => [shift.name, shift] as const))(
    '%s gives an environment that passes the checker',
    (_, shift) => {
      const config = { ...shift.apply(base), budget: 2 };
      expect(checkEnvironment(() => DesignEnv.fromConfig(config, constantPosterior(0.2)))).toEqual([]);
    },
  );

  test.each(suite.map((shift) => [shift.name, shift] as const))('%s changes what is measured', (name, shift) => {
    if (name === 'shift-interventions') return;
    const measured = (config: DesignEnvConfig) =>
      Array.from(DesignEnv.fromConfig(config, constantPosterior(0.2)).reset(new RandomStream('s')).history.values);
    expect(measured(shift.apply(base))).not.toEqual(measured(base));
  });
});

describe('oodShift', () => {
  test('merges at every depth and leaves the rest', () => {
    const shift = oodShift('mine', 'a shift of a user', { budget: 2, prior: { kind: 'linear-scm', variables: 3 } });
    expect(shift.apply(base)).toEqual({ ...base, budget: 2, prior: { ...base.prior, variables: 3 } });
  });

  test('a difference that makes the config invalid is refused', () => {
    expect(() => oodShift('broken', '', { budget: -1 }).apply(base)).toThrow(
      "shift 'broken' gives a config that is not valid",
    );
  });
});
