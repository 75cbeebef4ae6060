import { describe, expect, test } from 'vitest';
import { DesignEnvConfig } from '../../../envs/design-env-config.js';
import { evaluationSettings, IN_DISTRIBUTION, settingNames } from '../../../src/evaluation/settings.js';

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
