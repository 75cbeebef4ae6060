// Compiles the native kernels with the compiler found (CXX, else g++, else clang++) into core/native/build/. Run by npm's
// install script: without a compiler, or when the build fails, it says so in one line and exits with 0, since the program
// also runs on WebAssembly. A manifest records what was built and for which processor, so that a stale or foreign library
// is refused at load time.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const FLAGS = '-O3 -march=native -std=c++17 -fPIC -pthread -fno-math-errno -fno-trapping-math'.split(' ');
// Some compilers prefer half-width vectors on processors with AVX-512; the kernels are written for whole ones.
const WIDE_FLAG = '-mprefer-vector-width=512';

/** SHA-256 over names and contents of the C++ sources in `sources`. */
export function hashSources(sources) {
  return hashFiles(sources, sourceNames(sources));
}

function hashFiles(sources, names) {
  const hash = createHash('sha256');
  for (const name of names) {
    const text = readFileSync(join(sources, name));
    hash.update(`${name}\0`).update(text).update('\0');
  }
  return hash.digest('hex');
}

function sourceNames(sources) {
  return readdirSync(sources)
    .filter((name) => name.endsWith('.cpp') || name.endsWith('.h'))
    .sort();
}

/** What -march=native depends on: the model and, where the system tells them, its features. */
export function processorName() {
  const name = `${platform()} ${arch()} ${cpus()[0]?.model ?? 'unknown'}`;
  try {
    const features = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return `${name}, features ${createHash('sha256').update(features.trim()).digest('hex').slice(0, 12)}`;
  } catch {
    return name;
  }
}

function findCompiler(environment) {
  const candidates = environment.CXX ? [environment.CXX] : ['g++', 'clang++'];
  for (const candidate of candidates) {
    const probe = spawnSync(candidate, ['--version'], { encoding: 'utf8', env: environment });
    if (probe.status === 0) return { command: candidate, version: probe.stdout.split('\n')[0] };
  }
  throw new Error(`no C++ compiler found (looked for ${candidates.join(', ')}); install g++ or set CXX`);
}

/** Runs the compiler; an error carries its first complaint. */
function run(compiler, args) {
  return new Promise((resolve, reject) => {
    execFile(compiler.command, args, (error, _output, complaints) => {
      if (!error) return resolve();
      const line = complaints.split('\n').find((text) => text.includes('error')) ?? error.message;
      reject(new Error(`${compiler.command} failed: ${line.trim()}`));
    });
  });
}

/** Compiles one source unless an object made of the same text, headers, compiler and flags is there; returns its path. */
async function compileSource(compiler, flags, { name, headers, objects }) {
  const hash = createHash('sha256').update(`${headers} ${compiler.version} ${processorName()} ${flags.join(' ')}\0`);
  const key = hash
    .update(readFileSync(join(folder, name)))
    .digest('hex')
    .slice(0, 24);
  const object = join(objects, `${key}.o`);
  if (!existsSync(object)) {
    const unfinished = `${object}.${process.pid}`;
    await run(compiler, [...flags, '-c', join(folder, name), '-o', unfinished]);
    renameSync(unfinished, object);
  }
  return object;
}

/** Compiles all sources, as many at a time as there are cores, and links them. */
async function compileLibrary(compiler, flags, objects, library) {
  mkdirSync(objects, { recursive: true });
  const names = sourceNames(folder);
  const headers = hashFiles(
    folder,
    names.filter((name) => name.endsWith('.h')),
  );
  const waiting = names.filter((name) => name.endsWith('.cpp'));
  const made = [];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      made.push(await compileSource(compiler, flags, { name, headers, objects }));
    }
  };
  await Promise.all(Array.from({ length: Math.max(cpus().length, 1) }, work));
  await run(compiler, [...flags, '-shared', ...made.sort(), '-o', library]);
  for (const name of readdirSync(objects))
    if (!made.includes(join(objects, name))) rmSync(join(objects, name), { force: true });
}

/**
 * Builds the library into `target`.
 *
 * @returns the manifest that was written
 * @throws Error with one sentence when there is no compiler or it fails
 */
export async function buildLibrary({ target = join(folder, 'build'), environment = process.env } = {}) {
  const compiler = findCompiler(environment);
  mkdirSync(target, { recursive: true });
  const sources = hashSources(folder);
  const work = mkdtempSync(join(target, 'work-'));
  try {
    const library = join(work, 'kernels.so');
    const objects = join(target, 'objects');
    let flags = [...FLAGS, WIDE_FLAG];
    try {
      await compileLibrary(compiler, flags, objects, library);
    } catch {
      flags = FLAGS;
      await compileLibrary(compiler, flags, objects, library);
    }
    const manifest = { compiler: compiler.version, flags: flags.join(' '), processor: processorName(), sources };
    writeFileSync(join(work, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    renameSync(library, join(target, 'kernels.so'));
    renameSync(join(work, 'manifest.json'), join(target, 'manifest.json'));
    return manifest;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { compiler } = await buildLibrary();
    console.log(`causal-pilot: native kernels built with ${compiler}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`causal-pilot: native kernels not built, the slower wasm backend will be used: ${reason}`);
  }
}
