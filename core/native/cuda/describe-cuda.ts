import { describeDevice } from './device.js';
import { defaultDeviceKind } from './device-library.js';

/**
 * One line about the device that the backend would run on; nothing is allocated there.
 *
 * @throws CausalPilotError E_BACKEND when there is none that can be used.
 */
export function describeCuda(kind = defaultDeviceKind()): string {
  const { name, capability, driverVersion, memoryBytes } = describeDevice(kind);
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  return `${name}, compute capability ${capability / 10}, ${memory}, driver for CUDA ${driverVersion}`;
}
