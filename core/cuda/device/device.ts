import { CausalPilotError } from '../../errors.js';
import { type CudaDeviceKind, loadDriver } from './device-library.js';
import type { CudaDriver, Handle } from './driver.js';

/** CUdevice_attribute numbers. */
const ATTRIBUTE = {
  maxSharedBytes: 97,
  multiprocessors: 16,
  capabilityMajor: 75,
  capabilityMinor: 76,
} as const;

const OLDEST_CAPABILITY = 80;
const STREAM_NON_BLOCKING = 1;

/** What a device says about itself. */
export interface DeviceDescription {
  readonly kind: CudaDeviceKind;
  readonly name: string;
  /** Major and minor number of the compute capability in one: 80, 90. */
  readonly capability: number;
  /** Version of CUDA that the driver knows, as 12.4. */
  readonly driverVersion: string;
  readonly memoryBytes: number;
  readonly multiprocessors: number;
  /** Most shared memory that a block may ask for. */
  readonly maxSharedBytes: number;
}

/**
 * The first device that CUDA_VISIBLE_DEVICES leaves; nothing is allocated on it.
 *
 * @throws CausalPilotError E_BACKEND when there is none, or an older one than the kernels are made for.
 */
export function describeDevice(kind: CudaDeviceKind): DeviceDescription {
  const driver = loadDriver(kind);
  if (driver.obtainInt('cuDeviceGetCount') === 0) {
    throw new CausalPilotError(
      'E_BACKEND',
      "backend 'cuda': the driver sees no device; check nvidia-smi and CUDA_VISIBLE_DEVICES, or use '--backend native'",
    );
  }
  const device = driver.obtainInt('cuDeviceGet', 0);
  const attribute = (number: number) => driver.obtainInt('cuDeviceGetAttribute', number, device);
  const nameBytes = new Uint8Array(256);
  driver.call('cuDeviceGetName', nameBytes, nameBytes.length, device);
  const version = driver.obtainInt('cuDriverGetVersion');
  const description = {
    kind,
    name: Buffer.from(nameBytes).toString('utf8').replace(/\0.*$/s, ''),
    capability: attribute(ATTRIBUTE.capabilityMajor) * 10 + attribute(ATTRIBUTE.capabilityMinor),
    driverVersion: `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`,
    memoryBytes: driver.obtain('cuDeviceTotalMem_v2', device),
    multiprocessors: attribute(ATTRIBUTE.multiprocessors),
    maxSharedBytes: attribute(ATTRIBUTE.maxSharedBytes),
  };
  if (description.capability < OLDEST_CAPABILITY) {
    throw new CausalPilotError(
      'E_BACKEND',
      `backend 'cuda': ${description.name} has compute capability ${description.capability / 10}, the kernels need 8.0 (Ampere) or newer; use '--backend native'`,
    );
  }
  return description;
}

/** A device in use: its context, and the stream on which everything happens in order. */
export class CudaDevice {
  readonly driver: CudaDriver;
  readonly description: DeviceDescription;
  readonly stream: Handle;
  /** For what must not become part of a recording: constants that a captured step uploads once. */
  readonly sideStream: Handle;

  /** @throws CausalPilotError E_BACKEND as describeDevice, or with the driver's reason. */
  constructor(kind: CudaDeviceKind) {
    this.description = describeDevice(kind);
    this.driver = loadDriver(kind);
    const device = this.driver.obtainInt('cuDeviceGet', 0);
    this.driver.call('cuCtxSetCurrent', this.driver.obtain('cuDevicePrimaryCtxRetain', device));
    this.stream = this.driver.obtain('cuStreamCreate', STREAM_NON_BLOCKING);
    this.sideStream = this.driver.obtain('cuStreamCreate', STREAM_NON_BLOCKING);
  }

  /** Waits for everything on the stream; errors of earlier kernels appear here. */
  synchronize(): void {
    this.driver.call('cuStreamSynchronize', this.stream);
  }

  /** Bytes free for new allocations, and of the whole device. */
  memory(): { freeBytes: number; totalBytes: number } {
    const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
    this.driver.call('cuMemGetInfo_v2', free, total);
    return { freeBytes: Number(free[0]), totalBytes: Number(total[0]) };
  }
}
