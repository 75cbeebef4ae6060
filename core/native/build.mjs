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

/** SHA-256 over names and contents of files in `sources`. */
export function hashFiles(sources, names) {
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

/** Compiles the native kernels with the flags and links them. */
function compileLibrary(compiler, flags, objects, library) {
  const names = sourceNames(folder);
  const headers = hashFiles(
    folder,
    names.filter((name) => name.endsWith('.h')),
  );
  const sources = names
    .filter((name) => name.endsWith('.cpp'))
    .map((name) => ({ path: join(folder, name), depends: [] }));
  return compileSources(sources, library, { compiler, flags, headers, objects });
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

/** Builds the software device that stands in for a GPU, where its sources are. */
async function buildSoftwareDevice() {
  const script = join(folder, 'cuda/build-software.mjs');
  if (!existsSync(script)) return;
  const builder = await import(pathToFileURL(script).href);
  await builder.buildSoftwareDevice();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  let unbuilt = 'native kernels not built, the slower wasm backend will be used';
  try {
    const { compiler } = await buildLibrary();
    console.log(`causal-pilot: native kernels built with ${compiler}`);
    unbuilt = 'software device not built, so the cuda backend cannot be tried without a GPU';
    await buildSoftwareDevice();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`causal-pilot: ${unbuilt}: ${reason}`);
  }
}
