// Compiles the CUDA kernels for the software device: a library with the names of libcuda that runs them on the processor,
// for tests and trials on machines without a GPU. Run by core/native/build/build.mjs; needs a C++ compiler and nothing of CUDA.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileSources, findCompiler } from '../../native/build/compiler.mjs';
import { hashFiles, processorName } from '../../native/build/identity.cjs';

const cuda = join(dirname(fileURLToPath(import.meta.url)), '..');
// Fibers leave frames by longjmp, which fortified libraries take for an error.
const FLAGS =
  '-O2 -std=c++17 -fPIC -fvisibility=hidden -fno-math-errno -U_FORTIFY_SOURCE -DCAUSAL_PILOT_SOFTWARE_DEVICE'.split(
    ' ',
  );
const KERNEL = /extern "C" __global__ void(?:\s+__launch_bounds__\(([^()]*)\))?\s+(\w+)\s*\(/g;
const MOST_THREADS = '1024';

function filesEnding(sources, part, endings) {
  return readdirSync(join(sources, part))
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .map((name) => join(part, name))
    .sort();
}

/** Kernels of CUDA source text: names and the expression of the most threads of a block, or undefined. */
export function kernelsIn(text) {
  return [...text.matchAll(KERNEL)].map(([, bounds, name]) => ({ name, maxThreads: bounds?.split(',')[0].trim() }));
}

/** SHA-256 over everything that the library is made of. */
export function hashSoftwareSources(sources = cuda) {
  return hashFiles(sources, [
    ...filesEnding(sources, 'kernels', ['.cu', '.cuh']),
    ...filesEnding(sources, 'software', ['.cpp', '.h']),
  ]);
}

/** The C++ source that makes a library's kernels out of the .cu file at that path. */
function wrapperOf(path) {
  const entries = kernelsIn(readFileSync(path, 'utf8')).map(
    (kernel) => `CAUSAL_PILOT_KERNEL(${kernel.name}, ${kernel.maxThreads ?? MOST_THREADS});\n`,
  );
  return `#include "${path}"\n#include "software/grid.h"\n${entries.join('')}`;
}

/**
 * Builds cuda-software.so into `target`, with the shipped kernels or those of `kernelFiles`.
 *
 * @returns the manifest that was written
 * @throws Error with one sentence when there is no compiler or it fails
 */
export async function buildSoftwareDevice({
  target = join(cuda, '../native/compiled'),
  environment = process.env,
  kernelFiles = filesEnding(cuda, 'kernels', ['.cu']).map((name) => join(cuda, name)),
} = {}) {
  const compiler = findCompiler(environment);
  mkdirSync(target, { recursive: true });
  const sources = hashSoftwareSources();
  const work = mkdtempSync(join(target, 'software-'));
  try {
    const kernels = kernelFiles.map((file) => {
      const path = join(work, `${basename(file)}.cpp`);
      writeFileSync(path, wrapperOf(file));
      return { path, depends: [file] };
    });
    const device = filesEnding(cuda, 'software', ['.cpp']).map((name) => ({ path: join(cuda, name), depends: [] }));
    const headers = [...filesEnding(cuda, 'kernels', ['.cuh']), ...filesEnding(cuda, 'software', ['.h'])];
    const library = join(work, 'cuda-software.so');
    await compileSources([...kernels, ...device], library, {
      compiler,
      flags: [...FLAGS, `-I${cuda}`, `-I${join(cuda, 'kernels')}`],
      headers: hashFiles(cuda, headers),
      objects: join(target, 'software-objects'),
    });
    const manifest = { compiler: compiler.version, flags: FLAGS.join(' '), processor: processorName(), sources };
    writeFileSync(join(work, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    renameSync(library, join(target, 'cuda-software.so'));
    renameSync(join(work, 'manifest.json'), join(target, 'cuda-software.json'));
    return manifest;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { compiler } = await buildSoftwareDevice();
    console.log(`causal-pilot: software device built with ${compiler}`);
  } catch (error) {
    console.log(`causal-pilot: software device not built: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
