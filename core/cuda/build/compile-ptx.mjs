// Makes the PTX that ships with the package, which the driver translates for devices where NVRTC is not installed:
//   node core/cuda/build/compile-ptx.mjs [path of libnvrtc.so]
// Use NVRTC 11.8 (on PyPI as nvidia-cuda-nvrtc-cu11): drivers understand PTX of their own version and of older ones. The
// manifest records what each file was made from, so that a test can tell when it is stale.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { hashFiles } from '../../native/build/identity.cjs';
import { compileKernels, findNvrtc, loadNvrtc } from './nvrtc.mjs';

const cuda = join(dirname(fileURLToPath(import.meta.url)), '..');
const kernels = join(cuda, 'kernels');
/** The oldest device that the kernels run on; newer ones take the same code. */
const ARCHITECTURE = 'compute_80';

const namesEnding = (ending) =>
  readdirSync(kernels)
    .filter((name) => name.endsWith(ending))
    .sort();

/** Headers that a file includes, directly or through others. */
function headersOf(name, found = new Set()) {
  for (const [, header] of readFileSync(join(kernels, name), 'utf8').matchAll(/^#include "([\w-]+\.cuh)"/gm)) {
    if (found.has(header)) continue;
    found.add(header);
    headersOf(header, found);
  }
  return [...found].sort();
}

/** For every .cu file the hash of it and its headers, which the software device's are not. */
export function hashKernelSources() {
  return Object.fromEntries(namesEnding('.cu').map((name) => [name, hashFiles(kernels, [name, ...headersOf(name)])]));
}

const target = join(cuda, 'ptx');
const packedName = (name) => name.replace(/\.cu$/, '.ptx.gz');
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** What the manifest says of a file whose PTX belongs to its sources and is whole, else undefined. */
function upToDate(name, source, { nvrtc, files } = {}, version) {
  const recorded = files?.[name];
  const path = join(target, packedName(name));
  if (nvrtc !== version || recorded?.source !== source || !existsSync(path)) return undefined;
  return digest(readFileSync(path)) === recorded.ptx ? recorded : undefined;
}

function compileFile(nvrtc, name, source) {
  const text = compileKernels(nvrtc, name, ARCHITECTURE).toString('utf8').replaceAll('\0', '');
  const packed = gzipSync(text, { level: 9 });
  writeFileSync(join(target, packedName(name)), packed);
  console.log(`${name}: ${text.length} bytes of PTX, ${packed.length} packed`);
  return { source, ptx: digest(packed) };
}

/** Compiles the files whose sources changed. */
function compileAll(nvrtc) {
  mkdirSync(target, { recursive: true });
  const manifestPath = join(target, 'manifest.json');
  const before = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, 'utf8')) : undefined;
  const version = nvrtc.version.join('.');
  const files = {};
  for (const [name, source] of Object.entries(hashKernelSources()))
    files[name] = upToDate(name, source, before, version) ?? compileFile(nvrtc, name, source);
  const kept = new Set(['manifest.json', ...Object.keys(files).map(packedName)]);
  for (const name of readdirSync(target)) if (!kept.has(name)) rmSync(join(target, name));
  writeFileSync(manifestPath, `${JSON.stringify({ nvrtc: version, architecture: ARCHITECTURE, files }, null, 2)}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const nvrtc = process.argv[2] === undefined ? findNvrtc() : loadNvrtc(process.argv[2]);
  if (nvrtc === undefined) {
    console.error('compile-ptx: NVRTC was not found; give the path of libnvrtc.so');
    process.exitCode = 1;
  } else compileAll(nvrtc);
}
