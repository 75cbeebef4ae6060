// Compiles the native kernels with the compiler found (CXX, else g++, else clang++) into core/native/compiled/. Run by npm's
// install script: without a compiler, or when the build fails, it says so in one line and exits with 0, since the program
// also runs on WebAssembly. A manifest records what was built and for which processor, so that a stale or foreign library
// is refused at load time.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileSources, findCompiler } from './compiler.mjs';
import { hashFiles, hashSources, processorName, sourceNames } from './identity.cjs';

const native = join(dirname(fileURLToPath(import.meta.url)), '..');
const kernels = join(native, 'kernels');
const FLAGS = '-O3 -march=native -std=c++17 -fPIC -pthread -fno-math-errno -fno-trapping-math'.split(' ');
// Some compilers prefer half-width vectors on processors with AVX-512; the kernels are written for whole ones.
const WIDE_FLAG = '-mprefer-vector-width=512';

/** Compiles the native kernels with the flags and links them. */
function compileLibrary(compiler, flags, objects, library) {
  const names = sourceNames(kernels);
  const headers = hashFiles(
    kernels,
    names.filter((name) => name.endsWith('.h')),
  );
  const sources = names
    .filter((name) => name.endsWith('.cpp'))
    .map((name) => ({ path: join(kernels, name), depends: [] }));
  return compileSources(sources, library, { compiler, flags, headers, objects });
}

/**
 * Builds the library into `target`.
 *
 * @returns the manifest that was written
 * @throws Error with one sentence when there is no compiler or it fails
 */
export async function buildLibrary({ target = join(native, 'compiled'), environment = process.env } = {}) {
  const compiler = findCompiler(environment);
  mkdirSync(target, { recursive: true });
  const sources = hashSources(kernels);
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
  const script = join(native, '../cuda/build/build-software.mjs');
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
