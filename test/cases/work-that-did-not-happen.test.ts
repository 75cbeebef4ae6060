import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpointManifest } from '../../core/checkpoint/manifest.js';
import { callCli } from '../src/cli/run-cli.js';

// Situations that users of other tools reported: runs that end as finished without having learned, and sweeps whose trials
// are the same run under different names (rl-baselines3-zoo #147, alf #1737, hydra #2381, hyperopt #153).

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-work-'));
  const { status, stderr } = await callCli(['pretrain', ...smoke, '--out', at('posterior')]);
  if (status !== 0) throw new Error(stderr);
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const set = (...overrides: string[]) => overrides.flatMap((override) => ['--set', override]);

/** Refused in one sentence that fits `message`, with nothing left behind. */
async function expectRefused(args: readonly string[], message: RegExp): Promise<void> {
  const { status, stdout, stderr } = await callCli([...args, '--out', at('refused')]);
  expect(stderr).toMatch(message);
  expect([status, stdout]).toEqual([2, '']);
  expect(existsSync(at('refused'))).toBe(false);
}

describe('a learner that cannot start is refused before the start, with both figures', () => {
  test.each([
    [['learner.iterations=15'], /starts with 5000 transitions, but the run collects 4800/],
    [['learner.learningStarts=1000', 'learner.replayTransitions=200'], /with 1000 transitions, .* replay holds 200/],
    [['learner.updatesPerIteration=0'], /with 0 updates nothing is learned/],
  ])('%j', async (overrides, message) => {
    const redq = ['--preset', 'quickstart-redq', '--backend', 'wasm', ...set(...overrides)];
    await expectRefused(['train', ...redq, '--posterior', 'exact-misspecified'], message);
    // The posterior is not trained first.
    await expectRefused(['quickstart', ...redq], message);
    const sweep = ['sweep', ...redq, '--posterior', 'exact-misspecified', '--vary', 'policy.heads=[1, 2]'];
    await expectRefused(sweep, message);
  });
});

describe('a run whose weights are the initial ones never calls them trained', () => {
  test('rates too small to move a weight', async () => {
    const args = ['train', ...smoke, '--posterior', at('posterior'), '--out', at('unmoved')];
    const { stdout } = await callCli([...args, ...set('learner.policyLearningRate=1e-60')]);
    expect(stdout).toMatch(/finished at step 4, but 16 gradient steps changed no weight: what .* holds is not trained/);
    expect(stdout).not.toMatch(/best checkpoint/);
    const { metadata } = readCheckpointManifest(at('unmoved', 'checkpoints', 'best'));
    expect(metadata).toMatchObject({ gradientSteps: 8, weightsChanged: false });
    const models = ['--posterior', at('posterior'), '--policy', at('unmoved')];
    const evaluated = await callCli(['evaluate', ...smoke, ...models, '--out', at('evaluation')]);
    expect(evaluated.stderr).toMatch(/unmoved.* is not trained: its weights are those that its run began with/);
  });

  test('a run that learned says after how many gradient steps', async () => {
    const args = ['train', ...smoke, '--posterior', at('posterior'), '--out', at('moved')];
    const { stdout } = await callCli(args);
    expect(stdout).toMatch(/finished at step 4 after 16 gradient steps; best checkpoint/);
    const { metadata } = readCheckpointManifest(at('moved', 'checkpoints', 'last'));
    expect(metadata).toMatchObject({ gradientSteps: 16, weightsChanged: true });
  });
});

describe('options that nothing reads are refused with what to do instead', () => {
  test.each([
    ['train', ['posterior.network.width=16'], /posterior\.network\.width: .*given as it is; train another with/],
    ['train', ['evaluation.systems=9'], /evaluation\.systems: .*give it to 'causal-pilot evaluate'/],
    ['pretrain', ['learner.batchSize=9'], /learner\.batchSize: .*give it to 'causal-pilot train'/],
    ['evaluate', ['policy.width=16'], /policy\.width: .*the policy is given as it is/],
    ['evaluate', ['seed=3'], /seed: .*evaluation\.seed names the held-out systems/],
    ['behaviour', ['posterior.training.steps=9'], /posterior\.training\.steps: .*given as it is/],
    [
      'train',
      ['learner.temperature.automatic=false', 'learner.temperature.learningRate=1'],
      /the temperature is fixed/,
    ],
    [
      'train',
      ['learner.temperature.targetEntropyShare=0.5', 'learner.temperature.targetEntropyDecay=0'],
      /the target entropy is a share of the largest/,
    ],
    ['train', ['learner.groups=3'], /unknown option 'learner\.groups'; it belongs to another kind/],
    ['quickstart', ['evaluation.lookahead.candidates=3'], /no strategy plans; add lookahead/],
    ['quickstart', ['evaluation.fixedSequence.systems=3'], /no fixed sequence is searched; add best-fixed/],
    ['sweep', ['policy.head.kind=scored', 'policy.initialStd=0.2'], /the scored head draws no Gaussian numbers/],
    ['train', ['backend.threads=2'], /only the native backend has threads, and backend\.name is wasm/],
  ])('%s %j', async (command, overrides, message) => {
    await expectRefused([command, ...smoke, ...set(...overrides)], message);
  });

  test('so is a source beside a posterior that is named', async () => {
    const args = ['train', ...smoke, '--posterior', at('posterior'), ...set('posterior.source=scale-free')];
    await expectRefused(args, /posterior\.source: --posterior names another one; give one of the two/);
  });

  test('so is --threads on a backend without threads', async () => {
    await expectRefused(['pretrain', ...smoke, '--threads', '2'], /only the native backend has threads/);
  });
});

describe('a sweep whose trials are one run under several names is refused', () => {
  const sweep = (...args: string[]) => ['sweep', ...smoke, '--posterior', at('posterior'), ...args];
  test.each([
    [['--vary', 'seed=[11, 12, 13]'], /seed: .*say how many with --seeds, and the first with --set seed=/],
    [['--vary', 'posterior.network.width=[8, 16]'], /all runs share one graph posterior; add --pretrain/],
    [['--vary', 'learner.groups=[2, 3]'], /unknown option 'learner\.groups'; it belongs to another kind/],
    [['--vary', 'backend.threads=[1, 2]'], /threads change no figure; say how many each run may take with --threads/],
    [['--vary', 'backend.name=[wasm, cpu]'], /trials 1 \(backend\.name=wasm\) and 2 .* come to the same configuration/],
    [['--vary', 'policy.heads=[1, 2, 1]'], /trials 1 \(policy\.heads=1\) and 3 \(policy\.heads=1\) come to the same/],
    [['--vary', 'policy.heads={ from: 1, to: 2, integer: true }', '--draws', '3'], /come to the same configuration/],
    [['--vary', 'learner.choiceSamples=[2, 4]'], /the expectation over a head of kind independent needs no draws/],
  ])('%j', async (args, message) => {
    await expectRefused(sweep(...args), message);
  });
});
