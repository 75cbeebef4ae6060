import { describe, expect, test } from 'vitest';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import { evaluationSettings, IN_DISTRIBUTION, settingNames } from '../../../../src/evaluation/structure/settings.js';

const base = DesignEnvConfig.parse({ prior: { kind: 'linear-scm', variables: 5 }, budget: 4 });

describe('evaluationSettings', () => {
  test('the training setting is the base itself; shifts differ from it and keep the budget', () => {
    const settings = evaluationSettings(base, settingNames());
    expect(settings[0]).toEqual({ name: IN_DISTRIBUTION, config: base });
    for (const { config } of settings.slice(1)) {
      expect(config).not.toEqual(base);
      expect(config.budget).toBe(4);
    }
  });

  test('refuses unknown and repeated names', () => {
    expect(() => evaluationSettings(base, ['elsewhere'])).toThrow(
      `unknown setting 'elsewhere'; choose among ${settingNames().join(', ')}`,
    );
    expect(() => evaluationSettings(base, ['training', 'training'])).toThrow("'training' is listed twice");
  });
});

test('gene networks have a suite of their own', () => {
  const networks = DesignEnvConfig.parse({ prior: { kind: 'sergio' }, interventionKind: 'knockout' });
  const names = settingNames('sergio');
  expect(names).toContain('drop-seq');
  expect(evaluationSettings(networks, names).map(({ name }) => name)).toEqual(names);
  expect(() => evaluationSettings(networks, ['heteroskedastic'])).toThrow(
    'choose among training, scale-free, drop-seq',
  );
});
