import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { describeCuda } from '../cuda/device/describe-cuda.js';
import type { CudaDeviceKind } from '../cuda/device/device-library.js';
import type { Precision } from '../cuda/device/precision.js';
import { registerCudaBackend } from '../cuda/register.js';
import { CausalPilotError } from '../errors.js';
import { findLibrary } from '../native/device/library.js';
import { registerNativeBackend } from '../native/register.js';
import { MOST_THREADS } from './most-threads.js';

export type BackendName = 'native' | 'wasm' | 'cpu' | 'tensorflow' | 'cuda';

export interface BackendOptions {
  /** @defaultValue 'auto' */
  backend?: BackendName | 'auto';
  /** Threads of the native kernels. @defaultValue all cores */
  threads?: number;
  /**
   * How the cuda backend makes the products of linear and encoder layers: 'tf32' on tensor cores, with inputs rounded to 10
   * bits of mantissa and float32 sums, or 'float32' exactly. @defaultValue 'tf32' on a GPU, 'float32' on the software device
   */
  precision?: Precision;
  /**
   * What the cuda backend runs on: 'gpu', or 'software', which runs its kernels on the processor, for tests. 'auto' never
   * takes the latter. @defaultValue the environment variable CAUSAL_PILOT_CUDA_DEVICE, else 'gpu'
   */
  cudaDevice?: CudaDeviceKind;
}

type DriverOptions = Pick<BackendOptions, 'precision' | 'cudaDevice'> & { readonly threads: number };

const OPTION_NAMES: readonly string[] = [
  'backend',
  'threads',
  'precision',
  'cudaDevice',
] satisfies (keyof BackendOptions)[];

/** An option that nobody reads would leave another backend in use than was asked for. */
function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw new CausalPilotError(
      'E_CONFIG',
      `useBackend: takes an object such as { backend: 'wasm' }, got ${JSON.stringify(options)}`,
    );
  const unknown = Object.keys(options).find((name) => !OPTION_NAMES.includes(name));
  if (unknown !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `useBackend: unknown option '${unknown}'; options are ${OPTION_NAMES.join(', ')}`,
    );
  const { backend = 'auto' } = options as BackendOptions;
  if (backend !== 'auto' && drivers[backend] === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `useBackend: there is no backend '${backend}'; choose among auto, ${Object.keys(drivers).join(', ')}`,
    );
}

/** What one backend needs to be used, and whether it is there. */
interface BackendDriver {
  /** Says what would run, or throws E_BACKEND with reason and remedy. Changes nothing. */
  describe(options?: Pick<BackendOptions, 'cudaDevice'>): Promise<string>;
  /** Registers the backend with tfjs under its name. */
  prepare(options: DriverOptions): Promise<void>;
}

const require = createRequire(import.meta.url);

const unusable = (message: string): CausalPilotError => new CausalPilotError('E_BACKEND', message);

/**
 * '@tensorflow/tfjs-node-gpu', or '@tensorflow/tfjs-node', whichever the user installed.
 *
 * @throws CausalPilotError E_BACKEND when neither is there.
 */
function requireTensorflowPackage(): string {
  const found = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'].find((name) => {
    try {
      require.resolve(name);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw unusable(
    "backend 'tensorflow': neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed; npm install one of them",
  );
}

const drivers: Record<BackendName, BackendDriver> = {
  native: {
    describe: async () => {
      const { manifest } = findLibrary();
      return `C++ kernels built with ${manifest.compiler}`;
    },
    prepare: ({ threads }) => registerNativeBackend(threads),
  },
  wasm: {
    describe: async () => 'stock tfjs in WebAssembly, one thread',
    prepare: async () => {
      setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm')) + sep);
    },
  },
  cpu: {
    describe: async () => 'stock tfjs in JavaScript, one thread, slow',
    prepare: async () => {
      // The stock backend prints an advertisement on its first use in Node unless this flag is already down.
      const backend = tf.findBackend('cpu') as unknown as { firstUse: boolean };
      backend.firstUse = false;
    },
  },
  tensorflow: {
    describe: async () => requireTensorflowPackage(),
    prepare: async () => {
      await import(requireTensorflowPackage());
    },
  },
  cuda: {
    describe: async ({ cudaDevice } = {}) => describeCuda(cudaDevice),
    prepare: ({ cudaDevice, precision }) =>
      registerCudaBackend({
        device: cudaDevice,
        precision,
      }),
  },
};

let noticeGiven = false;

/** The backends that 'auto' tries, the fastest first. */
const AUTOMATIC = ['cuda', 'native', 'wasm', 'cpu'] as const satisfies readonly BackendName[];

/** 'auto' takes a GPU, never its stand-in. */
const automaticOptions = { cudaDevice: 'gpu' } as const;

/** The backend that 'auto' takes on this machine. */
export async function automaticBackend(): Promise<BackendName> {
  for (const name of AUTOMATIC) {
    try {
      await drivers[name].describe(automaticOptions);
      return name;
    } catch (error) {
      if (name === 'native') noticeSlowness(error);
    }
  }
  return 'cpu';
}

function noticeSlowness(reason: unknown): void {
  if (noticeGiven) return;
  noticeGiven = true;
  const text = reason instanceof Error ? reason.message : String(reason);
  process.stderr.write(`Using the slower 'wasm' backend: ${text}\n`);
}

async function activate(name: BackendName, options: DriverOptions): Promise<void> {
  await drivers[name].describe(options);
  await drivers[name].prepare(options);
  if (!(await tf.setBackend(name))) {
    throw unusable(`backend '${name}': tfjs could not initialise it; run 'causal-pilot doctor' to see what is usable`);
  }
  await tf.ready();
}

/**
 * Selects and initialises the backend. 'auto' takes cuda where there is a GPU for it, else native when its library was
 * built, else wasm, else cpu, with one line on stderr when it falls back.
 *
 * @throws CausalPilotError E_BACKEND with reason and remedy when a named backend is not usable, E_CONFIG on a bad thread count.
 */
export async function useBackend(options: BackendOptions = {}): Promise<BackendName> {
  checkOptions(options);
  const threads = options.threads ?? cpus().length;
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new CausalPilotError(
      'E_CONFIG',
      `useBackend: 'threads' must be an integer from 1 to ${MOST_THREADS}, got ${threads}`,
    );
  const { backend: wanted = 'auto', precision, cudaDevice } = options;
  const driverOptions: DriverOptions = {
    threads,
    precision,
    cudaDevice,
  };
  if (wanted !== 'auto') {
    await activate(wanted, driverOptions);
    return wanted;
  }
  const chosen = await automaticBackend();
  try {
    await activate(chosen, { ...driverOptions, ...automaticOptions });
    return chosen;
  } catch (error) {
    const next = chosen === 'cuda' ? 'native' : 'cpu';
    process.stderr.write(`Using '${next}' instead of '${chosen}': ${error instanceof Error ? error.message : error}\n`);
    await activate(next, driverOptions);
    return next;
  }
}

/** Every backend, whether it is usable on this machine, and why. */
export async function describeBackends(): Promise<{ name: BackendName; usable: boolean; detail: string }[]> {
  const names = Object.keys(drivers) as BackendName[];
  return Promise.all(
    names.map(async (name) => {
      try {
        return { name, usable: true, detail: await drivers[name].describe() };
      } catch (error) {
        return { name, usable: false, detail: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}
