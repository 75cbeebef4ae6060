// Bundles the GPU check into a folder that needs nothing but an NVIDIA driver: one file of JavaScript, koffi's library, the
// kernels with their PTX, a packed node and run.sh.
//   node scripts/bundle-gpu-check.mjs [folder, by default gpu-check]
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LARGEST_BYTES = 64 * 2 ** 20;
/** Found at run time, or not needed by the check. */
const EXTERNAL = ['koffi', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

const RUN = `#!/bin/sh
# Runs the check; arguments are passed on: --software --small --minutes N --out folder. Needs an NVIDIA driver, and Python
# with torch (PYTHON) for the comparison with it.
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$here/node" ] || { gzip -dc "$here/node.gz" > "$here/node" && chmod +x "$here/node"; }
exec "$here/node" "$here/check.mjs" "$@"
`;

/** What the stock WebAssembly backend takes for granted. */
const BANNER = `import { dirname as folderOf } from 'node:path';
import { fileURLToPath as pathOf } from 'node:url';
const __filename = pathOf(import.meta.url);
const __dirname = folderOf(__filename);`;

async function bundle(target) {
  const build = await rolldown({
    input: join(root, 'bench/gpu/check.ts'),
    platform: 'node',
    external: EXTERNAL,
    logLevel: 'warn',
  });
  await build.write({ file: join(target, 'check.mjs'), format: 'esm', codeSplitting: false, banner: BANNER });
  await build.close();
}

/** koffi with the library for this system, without what builds it. */
async function copyKoffi(target) {
  const unwanted = new Set(['vendor', 'doc', 'lib', 'CHANGELOG.md']);
  for (const name of ['koffi', '@koromix/koffi-linux-x64']) {
    const folder = join(root, 'node_modules', name);
    const filter = (path) => !unwanted.has(path.slice(folder.length + 1));
    await cp(folder, join(target, 'node_modules', name), { recursive: true, filter });
  }
}

/** The binaries of the stock backend that the device is compared with. */
async function copyWasm(target) {
  const part = 'node_modules/@tensorflow/tfjs-backend-wasm';
  const names = (await readdir(join(root, part, 'dist'))).filter((name) => name.endsWith('.wasm'));
  for (const name of ['package.json', ...names.map((wasm) => join('dist', wasm))]) {
    await cp(join(root, part, name), join(target, part, name));
  }
}

async function copyKernels(target) {
  const native = join(target, 'core/native');
  await cp(join(root, 'core/native/build'), join(native, 'build'), { recursive: true });
  for (const part of ['build', 'kernels', 'ptx', 'software'])
    await cp(join(root, 'core/cuda', part), join(target, 'core/cuda', part), { recursive: true });
  for (const name of ['cuda-software.so', 'cuda-software.json']) {
    await cp(join(root, 'core/native/compiled', name), join(native, 'compiled', name));
  }
}

async function bytesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

const target = resolve(process.argv[2] ?? 'gpu-check');
await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await bundle(target);
await copyKoffi(target);
await copyWasm(target);
await copyKernels(target);
await mkdir(join(target, 'peers'));
await cp(join(root, 'bench/peers/training_torch.py'), join(target, 'peers/training_torch.py'));
await pipeline(
  createReadStream(process.execPath),
  createGzip({ level: 9 }),
  createWriteStream(join(target, 'node.gz')),
);
await writeFile(join(target, 'run.sh'), RUN);
await chmod(join(target, 'run.sh'), 0o755);
const bytes = await bytesIn(target);
console.log(`${target}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
if (bytes > LARGEST_BYTES) {
  console.error(`bundle-gpu-check: more than ${LARGEST_BYTES / 2 ** 20} MiB; leave something out`);
  process.exitCode = 1;
}
