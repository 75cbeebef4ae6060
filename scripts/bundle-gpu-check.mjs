// Bundles the program and its check of the CUDA backend into a folder that needs nothing but an NVIDIA driver (and g++ for the
// native kernels of the host): JavaScript, the libraries of koffi and crc32, the kernels with their PTX, presets, a packed node.
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
/** Found at run time, or not needed there. */
const EXTERNAL = ['koffi', 'piscina', '@node-rs/crc32', 'h5wasm', 'h5wasm-plugins', /^@tensorflow\/tfjs-node/];

const UNPACK_NODE = `here=$(cd "$(dirname "$0")" && pwd)
[ -x "$here/node" ] || { gzip -dc "$here/node.gz" > "$here/node.$$" && chmod +x "$here/node.$$" && mv "$here/node.$$" "$here/node"; }`;

const SCRIPTS = {
  'run.sh': `#!/bin/sh
# Runs the check; arguments are passed on, see the top of bench/gpu/check.ts. Needs an NVIDIA driver, and Python with torch
# (PYTHON) for the comparison with it.
${UNPACK_NODE}
exec "$here/node" "$here/program/check.js" "$@"
`,
  'causal-pilot': `#!/bin/sh
# The program; pictures and .h5ad files are left out.
${UNPACK_NODE}
exec "$here/node" "$here/program/main.js" "$@"
`,
  'train.sh': `#!/bin/sh
# One slice of a training: train.sh SECONDS FOLDER pretrain|train OPTIONS... stops after SECONDS, having saved; the same
# command again goes on where it stopped. Weights and log lie in FOLDER, the log beside it in FOLDER.log.
here=$(cd "$(dirname "$0")" && pwd)
seconds=$1
folder=$2
shift 2
mkdir -p "$(dirname "$folder")"
[ -e "$folder" ] && set -- "$@" --resume
timeout --signal=TERM "$seconds" "$here/causal-pilot" "$@" --out "$folder" >> "$folder.log" 2>&1 || [ $? -eq 124 ]
`,
};

/** What the stock WebAssembly backend takes for granted. */
const BANNER = `import { dirname as folderOf } from 'node:path';
import { fileURLToPath as pathOf } from 'node:url';
const __filename = pathOf(import.meta.url);
const __dirname = folderOf(__filename);`;

async function bundle(target) {
  const build = await rolldown({
    input: {
      main: join(root, 'src/cli/main.ts'),
      'training-worker': join(root, 'training/posterior/training-worker.ts'),
      check: join(root, 'bench/gpu/check.ts'),
    },
    platform: 'node',
    external: EXTERNAL,
    logLevel: 'warn',
  });
  const output = { dir: join(target, 'program'), entryFileNames: '[name].js', format: 'esm', minify: true };
  await build.write({ ...output, banner: BANNER });
  await build.close();
}

/** Packages with libraries of their own for this system, and what starts worker threads; without what builds them. */
async function copyPackages(target) {
  const unwanted = new Set(['vendor', 'doc', 'docs', 'lib', 'test', 'test-jest', 'benchmark', 'CHANGELOG.md']);
  const names = ['koffi', '@koromix/koffi-linux-x64', 'piscina', '@node-rs/crc32', '@node-rs/crc32-linux-x64-gnu'];
  for (const name of names) {
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
  for (const part of ['native/build', 'native/kernels', 'cuda/build', 'cuda/kernels', 'cuda/ptx', 'cuda/software'])
    await cp(join(root, 'core', part), join(target, 'core', part), { recursive: true });
  for (const name of ['cuda-software.so', 'cuda-software.json']) {
    const part = join('core/native/compiled', name);
    await cp(join(root, part), join(target, part));
  }
}

/** What the program finds relative to its code. */
async function copyData(target) {
  await cp(join(root, 'package.json'), join(target, 'package.json'));
  await cp(join(root, 'training/presets'), join(target, 'presets'), { recursive: true });
  await cp(join(root, 'src/evaluation/goal/presets'), join(target, 'program/presets'), { recursive: true });
  await cp(join(root, 'bench/peers/training_torch.py'), join(target, 'peers/training_torch.py'));
}

async function bytesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

const target = resolve(process.argv[2] ?? 'gpu-check');
await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
for (const step of [bundle, copyPackages, copyWasm, copyKernels, copyData]) await step(target);
await pipeline(
  createReadStream(process.execPath),
  createGzip({ level: 9 }),
  createWriteStream(join(target, 'node.gz')),
);
for (const [name, text] of Object.entries(SCRIPTS)) {
  await writeFile(join(target, name), text);
  await chmod(join(target, name), 0o755);
}
const bytes = await bytesIn(target);
console.log(`${target}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
if (bytes > LARGEST_BYTES) {
  console.error(`bundle-gpu-check: more than ${LARGEST_BYTES / 2 ** 20} MiB; leave something out`);
  process.exitCode = 1;
}
