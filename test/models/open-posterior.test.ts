import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { History } from '../../core/causal/history.js';
import { RandomStream } from '../../core/random/stream.js';
import { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { saveGraphPosterior } from '../../models/checkpoints.js';
import { openPosterior, posteriorInput } from '../../models/open-posterior.js';
import { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../models/posterior/graph-posterior-config.js';

const environment = DesignEnvConfig.parse({ prior: { kind: 'linear-scm', variables: 3, graph: { degree: 0.5 } } });
const laplace = DesignEnvConfig.parse({ prior: { kind: 'linear-scm', variables: 3, noise: { kind: 'laplace' } } });
let root = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-open-'));
  const config = GraphPosteriorConfig.parse({ width: 8, heads: 2, pairs: 1 });
  const model = new AmortizedGraphPosterior(config, new RandomStream('open'));
  await saveGraphPosterior(join(root, 'learned'), model, { step: 1, metrics: {}, environment, seed: 1 });
  model.dispose();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an exact one takes the prior of the environment', async () => {
  const { posterior, name } = await openPosterior('exact', environment);
  expect(name).toBe('exact');
  // No rows: the edge probability 0.5 of a pair, one way or the other.
  expect(posterior.edgeProbabilities([new History(3)])[1]).toBeCloseTo(0.25, 5);
});

test('where it is not exact it is refused, or named for what it is', async () => {
  await expect(openPosterior('scale-free', laplace)).rejects.toThrow(
    "posterior 'scale-free': the noise is laplace, not Gaussian; use a learned posterior, or ask for 'scale-free-misspecified' knowingly",
  );
  expect((await openPosterior('scale-free-misspecified', laplace)).name).toBe(
    'scale-free, misspecified: the noise is laplace, not Gaussian',
  );
});

test('a folder gives the posterior in it; a missing one says so', async () => {
  const opened = await openPosterior(join(root, 'learned'), environment);
  expect(opened.posterior.edgeProbabilities([new History(3)])).toHaveLength(9);
  opened.dispose();
  await expect(openPosterior(join(root, 'nothing'), environment)).rejects.toThrow('nothing');
});

test('identities: the hash of a checkpoint, the name of an exact one', () => {
  expect(posteriorInput('exact')).toEqual({ source: 'exact', identity: 'exact' });
  expect(posteriorInput(join(root, 'learned')).identity).toMatch(/^[0-9a-f]{64}$/);
});
