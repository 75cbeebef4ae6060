import { describeDevice } from './device.js';
import { checkLibrary, defaultDeviceKind } from './device-library.js';
import { kernelImages } from './kernel-images.js';

/**
 * One line about the device that the backend would run on; nothing is allocated there.
 *
 * @throws CausalPilotError E_BACKEND when there is none that can be used.
 */
export async function describeCuda(kind = defaultDeviceKind()): Promise<string> {
  await checkLibrary(kind);
  const description = describeDevice(kind);
  const { name, capability, driverVersion, memoryBytes } = description;
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const { origin } = await kernelImages(description);
  return `${name}, compute capability ${(capability / 10).toFixed(1)}, ${memory}, driver for CUDA ${driverVersion}; kernels: ${origin}`;
}
