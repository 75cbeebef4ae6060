// NVIDIA's run-time compiler for the .cu files: used where it is installed, to make code for the very device, and by
// compile-ptx.mjs, to make the PTX that ships for machines without it. It needs no GPU.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

const kernels = join(dirname(fileURLToPath(import.meta.url)), '../kernels');

const SIGNATURES = [
  'int nvrtcVersion(_Out_ int *major, _Out_ int *minor)',
  'int nvrtcCreateProgram(_Out_ uint64_t *program, const char *source, const char *name, int headers, const char **texts, const char **names)',
  'int nvrtcCompileProgram(uint64_t program, int count, const char **options)',
  'int nvrtcGetPTXSize(uint64_t program, _Out_ uint64_t *size)',
  'int nvrtcGetPTX(uint64_t program, void *ptx)',
  'int nvrtcGetCUBINSize(uint64_t program, _Out_ uint64_t *size)',
  'int nvrtcGetCUBIN(uint64_t program, void *cubin)',
  'int nvrtcGetProgramLogSize(uint64_t program, _Out_ uint64_t *size)',
  'int nvrtcGetProgramLog(uint64_t program, void *log)',
  'int nvrtcDestroyProgram(uint64_t *program)',
  'const char *nvrtcGetErrorString(int result)',
];

/** The compiler at that path, with its version as [major, minor]. */
export function loadNvrtc(path) {
  const library = koffi.load(path);
  const functions = Object.fromEntries(
    SIGNATURES.map((signature) => [/(\w+)\(/.exec(signature)[1], library.func(signature)]),
  );
  const [major, minor] = [[0], [0]];
  if (functions.nvrtcVersion(major, minor) !== 0) throw new Error(`${path} does not tell its version`);
  return { path, version: [major[0], minor[0]], functions };
}

/** Where NVRTC may be, the newest first: by the loader's own search, then in the toolkit's folder. */
function candidatePaths(environment) {
  const names = ['libnvrtc.so.13', 'libnvrtc.so.12', 'libnvrtc.so.11.2', 'libnvrtc.so'];
  const toolkits = [environment.CUDA_PATH, environment.CUDA_HOME, '/usr/local/cuda'].filter(Boolean);
  return [...names, ...toolkits.flatMap((toolkit) => names.map((name) => join(toolkit, 'lib64', name)))];
}

/** The first compiler that can be loaded, or undefined. */
export function findNvrtc(environment = process.env) {
  for (const path of candidatePaths(environment)) {
    try {
      return loadNvrtc(path);
    } catch {
      // Not there: the next one may be.
    }
  }
  return undefined;
}

/** The headers that a .cu file may include, by name: all of their folder. */
function headers() {
  const names = readdirSync(kernels).filter((name) => name.endsWith('.cuh'));
  return { names, texts: names.map((name) => readFileSync(join(kernels, name), 'utf8')) };
}

function output(functions, program, kind) {
  const size = [0];
  functions[`nvrtcGet${kind}Size`](program, size);
  const bytes = Buffer.alloc(Number(size[0]));
  functions[`nvrtcGet${kind}`](program, bytes);
  return bytes;
}

/**
 * Compiles one of the .cu files.
 *
 * @param architecture - `sm_90` makes machine code for that device (cubin), `compute_80` PTX for it and all newer ones
 * @returns the code; PTX ends with a NUL as the driver wants it
 * @throws Error with the compiler's first complaint
 */
export function compileKernels({ functions }, file, architecture) {
  const { names, texts } = headers();
  const program = [0];
  const source = readFileSync(join(kernels, file), 'utf8');
  const created = functions.nvrtcCreateProgram(program, source, file, names.length, texts, names);
  if (created !== 0) throw new Error(`nvrtcCreateProgram: ${functions.nvrtcGetErrorString(created)}`);
  try {
    const options = [`--gpu-architecture=${architecture}`, '--std=c++17', '--fmad=true'];
    const result = functions.nvrtcCompileProgram(program[0], options.length, options);
    if (result === 0) return output(functions, program[0], architecture.startsWith('sm_') ? 'CUBIN' : 'PTX');
    const log = output(functions, program[0], 'ProgramLog').toString('utf8').replaceAll('\0', '');
    const complaint = log.split('\n').find((line) => line.includes('error')) ?? functions.nvrtcGetErrorString(result);
    throw new Error(`${file} for ${architecture}: ${complaint.trim()}`);
  } finally {
    functions.nvrtcDestroyProgram(BigUint64Array.of(BigInt(program[0])));
  }
}
