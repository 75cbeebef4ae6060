import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CausalPilotError } from '../../../core/errors.js';
import { reportError } from '../../../src/cli/session/report-error.js';
import { callCli, runCli } from './run-cli.js';

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-bad-'));
  const { status, stderr } = await callCli(['pretrain', ...smoke, '--out', at('posterior')]);
  if (status !== 0) throw new Error(stderr);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The call must fail with exit code 2, the message on standard error, nothing on standard output, and no stack. */
async function expectUserError(args: readonly string[], message: string | RegExp): Promise<void> {
  const { status, stdout, stderr } = await callCli(args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(status).toBe(2);
}

test('the built command line: one sentence, nothing printed, exit code 2', () => {
  const { status, stdout, stderr } = runCli(['pretrain', ...smoke, '--set', 'seeed=1']);
  expect(stderr).toBe("causal-pilot: --set seeed=1: unknown option 'seeed'; did you mean 'seed'?\n");
  expect([status, stdout]).toEqual([2, '']);
});

describe('configuration', () => {
  test.each([
    ['no experiment', [], /no experiment given; use --preset \(.*quickstart.*\) or --config FILE/],
    ['an unknown preset', ['--preset', 'smokey'], /there is no preset 'smokey'.*did you mean 'smoke'\?/],
    ['both preset and file', ['--preset', 'smoke', '--config', 'x.yaml'], /give --preset or --config, not both/],
    ['a missing file', ['--config', 'missing.yaml'], /missing\.yaml: .*does not exist/],
    ['an unknown key', [...smoke, '--set', 'learner.batchsize=3'], /unknown option 'learner\.batchsize'.*batchSize/],
    ['a wrong type', [...smoke, '--set', 'learner.batchSize=many'], /--set learner\.batchSize=many: .*batchSize/],
    ['a value out of range', [...smoke, '--set', 'environment.budget=-1'], /environment\.budget/],
    ['an override without a value', [...smoke, '--set', 'seed'], /option=value/],
    ['an unknown backend', ['--preset', 'smoke', '--backend', 'abacus'], /backend\.name/],
    ['an unknown precision', ['--preset', 'smoke', '--precision', 'half'], /backend\.precision.*'tf32', 'float32'/],
    ['nothing to train', [...smoke, '--set', 'posterior.source=exact'], /'exact' needs no training; go on with/],
    ['threads that are none', [...smoke, '--threads', '0'], /positive whole number/],
    ['an unknown option', [...smoke, '--sett', 'seed=1'], /unknown option '--sett'/],
  ])('%s', async (_, args, message) => {
    await expectUserError(['pretrain', ...args, '--out', at('never')], message);
    expect(existsSync(at('never'))).toBe(false);
  });

  test('an unknown key in a file is named with file and line', async () => {
    writeFileSync(at('typo.yaml'), 'extends: smoke\nenvironment:\n  budgett: 3\n');
    await expectUserError(
      ['pretrain', '--config', at('typo.yaml')],
      /typo\.yaml:3:\d+: unknown option 'environment\.budgett'/,
    );
  });

  test('an unknown command', async () => {
    await expectUserError(['evaluat'], /unknown command 'evaluat'[\s\S]*evaluate/);
  });
});

describe('folders', () => {
  test('a run folder in use is not overwritten', async () => {
    const before = readFileSync(at('posterior', 'run.json'), 'utf8');
    await expectUserError(
      ['pretrain', ...smoke, '--out', at('posterior')],
      /holds a run already; continue it with --resume/,
    );
    expect(readFileSync(at('posterior', 'run.json'), 'utf8')).toBe(before);
  });

  test('resuming where there is nothing', async () => {
    await expectUserError(['pretrain', ...smoke, '--out', at('nothing'), '--resume'], /there is no run here/);
  });

  test('a missing posterior', async () => {
    await expectUserError(
      ['train', ...smoke, '--posterior', at('elsewhere')],
      /elsewhere: there is no such folder; train one with 'causal-pilot pretrain'/,
    );
  });

  test('a run without a checkpoint', async () => {
    mkdirSync(at('started'));
    cpSync(at('posterior', 'run.json'), at('started', 'run.json'));
    await expectUserError(['evaluate', ...smoke, '--posterior', at('started')], /has not saved a checkpoint yet/);
  });
});

describe('checkpoints', () => {
  const evaluate = (posterior: string, ...args: string[]) => [
    'evaluate',
    ...smoke,
    ...['--posterior', posterior, '--strategies', 'random', '--out', at('evaluation'), ...args],
  ];

  test('a damaged weight file is refused by name', async () => {
    cpSync(at('posterior'), at('damaged'), { recursive: true });
    const path = at('damaged', 'checkpoints', 'best', 'weights.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 3]! ^= 0xff;
    writeFileSync(path, bytes);
    await expectUserError(evaluate(at('damaged')), /damaged\/checkpoints\/best.*weights\.safetensors/);
    expect(existsSync(at('evaluation'))).toBe(false);
  });

  test('a damaged manifest is refused by name', async () => {
    cpSync(at('posterior'), at('forged'), { recursive: true });
    const path = at('forged', 'checkpoints', 'best', 'manifest.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('graph-posterior', 'graph-imposter'));
    await expectUserError(evaluate(at('forged')), /forged\/checkpoints\/best.*manifest/);
  });

  test('a posterior given as a policy is refused', async () => {
    const args = evaluate(at('posterior'), '--policy', at('posterior'));
    args[args.indexOf('random')] = 'policy';
    await expectUserError(args, /graph-posterior/);
  });
});

describe('evaluation', () => {
  test.each([
    [['--strategies', 'genius'], /unknown strategy 'genius'; choose among policy,/],
    [['--environments', 'mars'], /unknown setting 'mars'; choose among training,/],
    [['--set', 'evaluation.reference=genius'], /unknown strategy 'genius'/],
    [['--strategies', 'policy'], /'policy' needs a trained policy; give one with --policy FOLDER/],
  ])('%j', async (args, message) => {
    await expectUserError(['evaluate', ...smoke, '--posterior', at('posterior'), ...args], message);
  });
});

describe('reportError', () => {
  const report = (error: unknown): { code: number; text: string } => {
    let text = '';
    const code = reportError(error, {
      write: (part) => {
        text += part;
      },
    });
    return { code, text };
  };

  test("what the user can mend: the sentence alone, 2; what they can't: a hint at the stack, 1", () => {
    expect(report(new CausalPilotError('E_CONFIG', 'mend this'))).toEqual({
      code: 2,
      text: 'causal-pilot: mend this\n',
    });
    expect(report(new CausalPilotError('E_NUMERIC', 'NaN'))).toEqual({
      code: 1,
      text: 'causal-pilot: NaN\nSet CAUSAL_PILOT_DEBUG=1 to see where it happened.\n',
    });
    expect(report(new TypeError('oops')).text).toContain('unexpected error: oops');
  });

  test('CAUSAL_PILOT_DEBUG=1 shows the stack', () => {
    const { stderr } = runCli(['pretrain'], { env: { CAUSAL_PILOT_DEBUG: '1' } });
    expect(stderr).toMatch(/^\s+at /m);
  });
});
