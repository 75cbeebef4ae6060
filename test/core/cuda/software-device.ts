import { describeCuda } from '../../../core/cuda/device/describe-cuda.js';

/** Whether the software device was built; without a C++ compiler it is not, and the rest must pass. */
export const softwareDeviceIsUsable = await describeCuda('software').then(
  () => true,
  () => false,
);
