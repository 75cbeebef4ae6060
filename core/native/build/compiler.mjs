// Finding and running the C++ compiler: what the builds of the native kernels and of the software device share. A module of its
// own, since the one build starts the other.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { processorName } from './identity.cjs';

/** The compiler to use: CXX, else g++, else clang++. */
export function findCompiler(environment) {
  const candidates = environment.CXX ? [environment.CXX] : ['g++', 'clang++'];
  for (const candidate of candidates) {
    const probe = spawnSync(candidate, ['--version'], { encoding: 'utf8', env: environment });
    if (probe.status === 0) return { command: candidate, version: probe.stdout.split('\n')[0] };
  }
  throw new Error(`no C++ compiler found (looked for ${candidates.join(', ')}); install g++ or set CXX`);
}

/** Runs the compiler; an error carries its first complaint. */
function runCompiler(compiler, args) {
  return new Promise((resolve, reject) => {
    execFile(compiler.command, args, (error, _output, complaints) => {
      if (!error) return resolve();
      const line = complaints.split('\n').find((text) => text.includes('error')) ?? error.message;
      reject(new Error(`${compiler.command} failed: ${line.trim()}`));
    });
  });
}

/** Compiles one source unless an object made of the same text, headers, compiler and flags is there; returns its path. */
async function compileSource({ path, depends }, { compiler, flags, headers, objects }) {
  const hash = createHash('sha256').update(`${headers} ${compiler.version} ${processorName()} ${flags.join(' ')}\0`);
  for (const name of [path, ...depends]) hash.update(readFileSync(name)).update('\0');
  const object = join(objects, `${hash.digest('hex').slice(0, 24)}.o`);
  if (!existsSync(object)) {
    const unfinished = `${object}.${process.pid}`;
    await runCompiler(compiler, [...flags, '-c', path, '-o', unfinished]);
    renameSync(unfinished, object);
  }
  return object;
}

/**
 * Compiles sources, as many at a time as there are cores, and links them into a library.
 *
 * @param sources `path` of each and the files beside the common headers that it `depends` on
 * @param library path of the library to write
 * @param options `compiler`, `flags`, a hash of the common `headers`, and the folder of kept `objects`
 */
export async function compileSources(sources, library, options) {
  const { compiler, flags, objects } = options;
  mkdirSync(objects, { recursive: true });
  const waiting = [...sources];
  const made = [];
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      made.push(await compileSource(source, options));
    }
  };
  await Promise.all(Array.from({ length: Math.max(cpus().length, 1) }, work));
  await runCompiler(compiler, [...flags, '-shared', ...made.sort(), '-o', library]);
  for (const name of readdirSync(objects))
    if (!made.includes(join(objects, name))) rmSync(join(objects, name), { force: true });
}
