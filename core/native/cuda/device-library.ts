import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CausalPilotError } from '../../errors.js';
import { nativeFolder } from '../library.js';
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

function loadSoftwareDriver(): CudaDriver {
  const path = join(nativeFolder(), 'build', 'cuda-software.so');
  if (!existsSync(path)) {
    throw new CausalPilotError(
      'E_BACKEND',
      "backend 'cuda': the software device is not built; run node core/native/build.mjs, or use '--backend native'",
    );
  }
  return new CudaDriver(path);
}
