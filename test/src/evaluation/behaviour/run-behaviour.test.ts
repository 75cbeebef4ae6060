import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { saveGraphPosterior, savePolicy } from '../../../../models/checkpoints.js';
import { DesignPolicy } from '../../../../models/policy/design-policy.js';
import { AmortizedGraphPosterior } from '../../../../models/posterior/amortized-graph-posterior.js';
import { type BehaviourRun, runBehaviour } from '../../../../src/evaluation/behaviour/run-behaviour.js';
import { loadExperimentConfig } from '../../../../training/config/experiment-config.js';
import { interruptAfter } from '../../../core/run/interrupt-after.js';

const config = loadExperimentConfig({ preset: 'smoke', overrides: ['evaluation.batchSize=2'] });
let folder = '';

beforeAll(async () => {
  await useBackend();
  folder = mkdtempSync(join(tmpdir(), 'run-behaviour-'));
  const card = { step: 0, metrics: {}, environment: config.environment, seed: 1 };
  const posterior = new AmortizedGraphPosterior(config.posterior.network, new RandomStream('posterior'));
  await saveGraphPosterior(join(folder, 'posterior'), posterior, card);
  await savePolicy(join(folder, 'policy'), new DesignPolicy(config.policy, 2, new RandomStream('policy')), card);
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(change: Partial<BehaviourRun> = {}) {
  return runBehaviour({
    config,
    posterior: join(folder, 'posterior'),
    policy: join(folder, 'policy'),
    systems: 5,
    examples: 2,
    mode: 'stochastic',
    interrupt: { requested: false },
    quiet: true,
    ...change,
  });
}

test('the same run gives the same study, and the number of systems does not change the first ones', async () => {
  const study = await run();
  expect(await run()).toEqual(study);
  expect((await run({ systems: 3 }))?.examples).toEqual(study?.examples);
  expect(study).toMatchObject({ systems: 5, variables: 3, experiments: 2, interventionKind: 'do' });
});

test('there are no more examples than systems', async () => {
  expect((await run({ systems: 1, examples: 3 }))?.examples.map(({ system }) => system)).toEqual([0]);
});

test('the entropies of the choices belong to the systems that the policy played', async () => {
  const study = await run();
  for (const { conditionalEntropy } of study?.adaptivity ?? []) expect(conditionalEntropy.n).toBe(5);
  expect((await run({ mode: 'deterministic' }))?.adaptivity).toEqual([]);
});

test('interrupted, there is no study', async () => {
  expect(await run({ interrupt: interruptAfter(2) })).toBeUndefined();
});

test('an environment without experiments is refused', async () => {
  const still = { ...config, environment: { ...config.environment, budget: 0 } };
  await expect(run({ config: still })).rejects.toThrow('0 experiments show no behaviour; set it to 1 or more');
});
