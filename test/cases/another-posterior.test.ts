import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpointManifest } from '../../core/checkpoint/manifest.js';
import { readRunRecord } from '../../core/run/run-folder.js';
import { callCli, runCli } from '../src/cli/run-cli.js';

// Two reward models in one replay and one "best" score (NeMo-RL #2519): what decides a result is bound to its run by hash.

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-another-'));
  for (const [name, seed] of Object.entries({ first: '1', second: '2' })) {
    const { status, stderr } = await callCli(['pretrain', ...smoke, '--set', `seed=${seed}`, '--out', at(name)]);
    if (status !== 0) throw new Error(stderr);
  }
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const identity = (name: string) => readCheckpointManifest(at(name, 'checkpoints', 'best')).manifestSha256;

describe('train --resume', () => {
  const train = (...args: string[]) => callCli(['train', ...smoke, '--out', at('policy'), ...args]);

  test('the run and its checkpoints record the posterior', async () => {
    expect((await train('--posterior', at('first'))).status).toBe(0);
    const posterior = { source: at('first', 'checkpoints', 'best'), identity: identity('first') };
    expect(readRunRecord(at('policy')).inputs).toEqual({ posterior });
    for (const name of ['best', 'last'])
      expect(readCheckpointManifest(at('policy', 'checkpoints', name)).metadata).toMatchObject({
        inputs: { posterior },
      });
  });

  test('refuses another one, an exact one, and another one at the same place; nothing changes', async () => {
    const before = readFileSync(at('policy', 'run.json'), 'utf8');
    const more = ['--resume', '--set', 'learner.iterations=6'];
    const expectRefused = async (posterior: string) => {
      const { status, stderr } = await train(...more, '--posterior', posterior);
      expect(stderr).toMatch(/started with another posterior \(then .*first.*, [0-9a-f]{12}, now .*\); go on with the/);
      expect(status).toBe(2);
      expect(readFileSync(at('policy', 'run.json'), 'utf8')).toBe(before);
    };
    await expectRefused(at('second'));
    await expectRefused('scale-free');
    cpSync(at('first'), at('kept'), { recursive: true });
    rmSync(at('first'), { recursive: true });
    cpSync(at('second'), at('first'), { recursive: true });
    await expectRefused(at('first'));
    rmSync(at('first'), { recursive: true });
    cpSync(at('kept'), at('first'), { recursive: true });
  });

  test('takes the same one from another place, and more iterations', async () => {
    const { status, stdout } = await train('--resume', '--set', 'learner.iterations=6', '--posterior', at('kept'));
    expect(stdout).toMatch(/finished at step 6 after 24 gradient steps/);
    expect(status).toBe(0);
  });

  test('posterior.training.steps cannot be moved under a cosine, and the sentence says so', async () => {
    const args = ['pretrain', ...smoke, '--out', at('first'), '--resume', '--set', 'posterior.training.steps=30'];
    const { status, stderr } = await callCli(args);
    expect(stderr).toMatch(
      /started with posterior\.training\.steps=20, and .*learningRate\.kind=cosine depends on that end; resume with 20/,
    );
    expect(status).toBe(2);
  });
});

describe('sweep --resume', () => {
  const sweep = (posterior: string, ...args: string[]) => [
    ...['sweep', ...smoke, '--posterior', posterior, '--out', at('sweep'), '--vary', 'policy.heads=[1, 2]'],
    ...['--set', 'evaluation.systems=4', '--set', 'evaluation.strategies=[random]', ...args],
  ];

  test('refuses another posterior, also at the same place, and takes more seeds', async () => {
    expect(runCli(sweep(at('first'), '--seeds', '1')).status).toBe(0);
    for (const other of [at('second'), 'scale-free']) {
      const { status, stderr } = await callCli(sweep(other, '--seeds', '1', '--resume'));
      expect(stderr).toMatch(/sweep\.json: it was started with another posterior/);
      expect(status).toBe(2);
    }
    const fewer = await callCli(sweep(at('first'), '--seeds', '1', '--resume', '--set', 'seed=2'));
    expect(fewer.stderr).toMatch(/started with/);
    const more = runCli(sweep(at('kept'), '--seeds', '2', '--resume', '--json'));
    expect(more.status).toBe(0);
    for (const row of JSON.parse(more.stdout).rows) expect(row.return.seeds).toBe(2);
    const trial = at('sweep', 'trial-001', 'seed-2');
    expect(existsSync(join(trial, 'experiment.yaml'))).toBe(true);
    expect(readRunRecord(join(trial, 'policy')).inputs.posterior?.identity).toBe(identity('first'));
  });
});
