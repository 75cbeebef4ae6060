import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../core/backend/backend.js';
import { exactPosteriorFor } from '../../models/posterior/exact/environment-posterior.js';
import { loadExperimentConfig } from '../../training/config/experiment-config.js';
import { checkLearner, trainPolicy } from '../../training/train-policy.js';

let root: string;
beforeAll(async () => {
  await useBackend({ threads: 1 });
  root = mkdtempSync(join(tmpdir(), 'train-policy-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const scored =
  'policy={ pairs: 0, pairEncoder: { channels: 4, layers: 1, statistics: sinks }, head: { kind: scored, maximumTargets: 2 } }';
const values = 'learner={ kind: action-values, iterations: 1, episodes: 2, batchSize: 4, validation: { systems: 2 } }';
const load = (...overrides: string[]) => loadExperimentConfig({ preset: 'smoke', overrides });

describe('what cannot learn is refused before anything is made', () => {
  test.each([
    ['a head without values', [values], /'independent' head gives them no values; set policy\.head\.kind=scored/],
    ['values for another learner', ['policy.head={ kind: scored }'], /not by 'redq'; set learner\.kind=action-values/],
    ['no experiments', [values, scored, 'environment.budget=0'], /environment\.budget: .*allow at least 1/],
  ])('%s', async (_, overrides, message) => {
    const config = load(...overrides);
    const folder = join(root, 'refused');
    const posterior = await exactPosteriorFor('exact', config.environment);
    const io = { folder, resume: false, interrupt: { requested: false }, backend: 'test', quiet: true };
    expect(() => checkLearner(config)).toThrow(message);
    expect(() => trainPolicy(config, posterior, io)).toThrow(message);
    expect(existsSync(folder)).toBe(false);
  });
});

test('every learner is reached by its name', async () => {
  for (const [name, overrides] of [
    ['redq', ['learner.iterations=1', 'learner.learningStarts=0']],
    [
      'branched',
      [
        'policy.head={ kind: single }',
        'learner={ kind: branched-gradient, updates: 1, groups: 2, branches: 2, validation: { systems: 2 } }',
      ],
    ],
    ['values', [scored, values]],
  ] as const) {
    const config = load(...overrides);
    const posterior = await exactPosteriorFor('exact', config.environment);
    const io = {
      folder: join(root, name),
      resume: false,
      interrupt: { requested: false },
      backend: 'test',
      quiet: true,
    };
    expect(await trainPolicy(config, posterior, io), name).toMatchObject({ status: 'finished', step: 1 });
  }
});
