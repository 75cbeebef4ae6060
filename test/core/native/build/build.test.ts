import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLibrary, nativeFolder } from '../../../../core/native/device/library.js';
import { nativeIsUsable } from '../../tensor/usable-backends.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-native-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a copy of the build script, so that the library in use stays as it is; throws on a non-zero exit code. */
function runBuild(environment: Record<string, string>): string {
  const script = join(folder, 'native/build/build.mjs');
  for (const name of ['build.mjs', 'compiler.mjs', 'identity.cjs'])
    cpSync(join(nativeFolder(), 'build', name), join(folder, 'native/build', name));
  mkdirSync(join(folder, 'native/kernels'), { recursive: true });
  writeFileSync(join(folder, 'native/kernels/answer.cpp'), 'extern "C" int answer() { return 42; }\n');
  return execFileSync(process.execPath, [script], { encoding: 'utf8', env: environment });
}

describe('build.mjs', () => {
  test.each([
    ['no compiler on the path', { PATH: '/nonexistent' }, /no C\+\+ compiler found \(looked for g\+\+, clang\+\+\)/],
    ['CXX that does not exist', { PATH: '/usr/bin:/bin', CXX: '/nonexistent' }, /looked for \/nonexistent/],
    ['a compiler that fails', { PATH: '/usr/bin:/bin', CXX: 'FAILING' }, /failed/],
  ])('%s: one line, exit code 0, no library', (_, environment: Record<string, string>, reason) => {
    const compiler = join(folder, 'failing-compiler');
    writeFileSync(
      compiler,
      '#!/bin/sh\n[ "$1" = --version ] && echo fake && exit 0\necho "x: error: no" >&2\nexit 1\n',
      {
        mode: 0o755,
      },
    );
    const given = environment.CXX === 'FAILING' ? { ...environment, CXX: compiler } : environment;
    const output = runBuild(given);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toMatch(/native kernels not built, the slower wasm backend will be used/);
    expect(output).toMatch(reason);
    expect(existsSync(join(folder, 'native/compiled/kernels.so'))).toBe(false);
  });

  test.runIf(nativeIsUsable)('a build leaves a library and its manifest, and nothing unfinished', () => {
    const output = runBuild({ PATH: process.env.PATH ?? '' });
    expect(output).toMatch(/native kernels built with/);
    const manifest = JSON.parse(readFileSync(join(folder, 'native/compiled/manifest.json'), 'utf8'));
    expect(Object.keys(manifest)).toEqual(['compiler', 'flags', 'processor', 'sources']);
    expect(existsSync(join(folder, 'native/compiled/kernels.so'))).toBe(true);
  });

  test.runIf(nativeIsUsable)('builds the software device too, where its sources are', () => {
    const cuda = join(nativeFolder(), '../cuda');
    for (const name of readdirSync(join(cuda, 'kernels')).filter((file) => file.endsWith('.cuh')))
      cpSync(join(cuda, 'kernels', name), join(folder, 'cuda/kernels', name));
    for (const name of ['build/build-software.mjs', 'kernels/masked-pool.cu', 'software'])
      cpSync(join(cuda, name), join(folder, 'cuda', name), { recursive: true });
    const output = runBuild({ PATH: process.env.PATH ?? '' });
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(folder, 'native/compiled/cuda-software.so'))).toBe(true);
  });
});

describe('findLibrary', () => {
  /** A folder with a library file and a manifest that differs from the real one as given. */
  async function withManifest(change: (manifest: Record<string, unknown>) => unknown): Promise<string> {
    const { manifest } = findLibrary();
    writeFileSync(join(folder, 'kernels.so'), '');
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(change({ ...manifest })));
    return folder;
  }

  test.runIf(nativeIsUsable)('accepts the build of these sources on this processor', async () => {
    const build = await withManifest((manifest) => manifest);
    expect(findLibrary(build).path).toBe(join(build, 'kernels.so'));
  });

  test.runIf(nativeIsUsable).each<[string, (manifest: Record<string, unknown>) => unknown, RegExp]>([
    [
      'another processor',
      (manifest) => ({ ...manifest, processor: 'other' }),
      /built for another processor \(other, here/,
    ],
    ['other sources', (manifest) => ({ ...manifest, sources: 'x' }), /built from other sources; run node core\/native/],
    ['a damaged manifest', () => ({ compiler: 1 }), /record of its build is missing or damaged/],
  ])('refuses %s', async (_, change, reason) => {
    const build = await withManifest(change);
    expect(() => findLibrary(build)).toThrow(reason);
  });

  test('says when nothing is built', async () => {
    expect(() => findLibrary(folder)).toThrow(/kernels are not built; run node core\/native\/build\/build.mjs/);
  });
});
