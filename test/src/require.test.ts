import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let project = '';

/** Puts the package, as npm packs it, into a project beside the dependencies of this one. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'causal-pilot-require-'));
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'causal-pilot'), { recursive: true });
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  });
  execFileSync('tar', [
    '-xzf',
    join(project, packed.trim()),
    '-C',
    join(modules, 'causal-pilot'),
    '--strip-components=1',
  ]);
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

function run(script: string): string {
  return execFileSync(process.execPath, ['-e', script], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('the installed package', () => {
  test('can be required, and is the module that import gives', () => {
    const script = `const required = require('causal-pilot');
      import('causal-pilot').then((imported) => console.log(required === imported, typeof required.loadPolicy));`;
    expect(run(script)).toBe('true function\n');
  });

  test('without kernels it names a build that is there', () => {
    const script = `const { describeBackends } = require('causal-pilot');
      describeBackends().then((all) => console.log(all.find(({ name }) => name === 'native').detail));`;
    const [, path] = /kernels are not built; run node (\S+), or use/.exec(run(script)) ?? [];
    expect(path).toBe('node_modules/causal-pilot/core/native/build/build.mjs');
    expect(() => createRequire(join(project, 'x.js')).resolve(join(project, path ?? ''))).not.toThrow();
  });
});
