import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CausalPilotError } from '../../errors.js';
import { buildCommand, nativeFolder } from '../../native/device/library.js';
import { CudaDriver } from './driver.js';

/** What the backend runs on: an NVIDIA GPU, or the kernels compiled for the processor behind a stand-in for the driver. */
export type CudaDeviceKind = 'gpu' | 'software';

/** Environment variable that chooses the kind where the program does not. */
const DEVICE_VARIABLE = 'CAUSAL_PILOT_CUDA_DEVICE';

/**
 * The kind asked for in the environment, else a GPU.
 *
 * @throws CausalPilotError E_CONFIG on another word.
 */
export function defaultDeviceKind(): CudaDeviceKind {
  const kind = process.env[DEVICE_VARIABLE] ?? '';
  if (kind === '' || kind === 'gpu') return 'gpu';
  if (kind === 'software') return 'software';
  throw new CausalPilotError('E_CONFIG', `${DEVICE_VARIABLE} must be 'gpu' or 'software', got '${kind}'; unset it`);
}

const drivers = new Map<CudaDeviceKind, CudaDriver>();

/**
 * The driver of that kind, loaded and initialised once.
 *
 * @throws CausalPilotError E_BACKEND saying why it cannot be used and how to mend it.
 */
export function loadDriver(kind: CudaDeviceKind): CudaDriver {
  let driver = drivers.get(kind);
  if (driver === undefined) {
    driver = kind === 'gpu' ? loadGpuDriver() : loadSoftwareDriver();
    driver.call('cuInit', 0);
    drivers.set(kind, driver);
  }
  return driver;
}

function loadGpuDriver(): CudaDriver {
  try {
    return new CudaDriver(process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1');
  } catch {
    throw new CausalPilotError(
      'E_BACKEND',
      "backend 'cuda': the library of the NVIDIA driver (libcuda.so.1) was not found or is too old; install a driver for CUDA 11.8 or newer, or use '--backend native'",
    );
  }
}

const softwareFolder = (): string => join(nativeFolder(), 'compiled');

function loadSoftwareDriver(): CudaDriver {
  return new CudaDriver(join(softwareFolder(), 'cuda-software.so'));
}

/**
 * Checks that the software device, if that is the kind, was built from the sources that are here.
 *
 * @throws CausalPilotError E_BACKEND when it is not built or out of date.
 */
export async function checkLibrary(kind: CudaDeviceKind): Promise<void> {
  if (kind === 'gpu') return;
  const [library, manifest] = ['cuda-software.so', 'cuda-software.json'].map((name) => join(softwareFolder(), name));
  if (!existsSync(library!) || !existsSync(manifest!)) refuse('is not built');
  const { sources } = JSON.parse(readFileSync(manifest!, 'utf8')) as { sources?: string };
  const script = (await import(
    pathToFileURL(join(nativeFolder(), '..', 'cuda', 'build', 'build-software.mjs')).href
  )) as BuildScript;
  if (sources !== script.hashSoftwareSources()) refuse('was built from other sources');
}

/** The part of build-software.mjs that decides whether a library fits: the same code that recorded it. */
interface BuildScript {
  hashSoftwareSources(): string;
}

function refuse(reason: string): never {
  throw new CausalPilotError(
    'E_BACKEND',
    `backend 'cuda': the software device ${reason}; run ${buildCommand()}, or use '--backend native'`,
  );
}
