import { afterEach, describe, expect, test, vi } from 'vitest';
import { CudaDevice } from '../../../../core/cuda/device/device.js';
import { kernelImages } from '../../../../core/cuda/device/kernel-images.js';
import { KernelModules } from '../../../../core/cuda/device/modules.js';
import { softwareDeviceIsUsable } from '../software-device.js';

const INVALID_IMAGE = 200;
const image = () => Uint8Array.of(1);
const alternative = () => Uint8Array.of(2);

/** The software device, whose driver takes only images that begin with `accepted`. */
function pickyDevice(accepted: number): CudaDevice {
  const device = new CudaDevice('software');
  const { functions } = device.driver;
  const load = functions.cuModuleLoadDataEx;
  vi.spyOn(functions, 'cuModuleLoadDataEx').mockImplementation((...args) =>
    (args[1] as Uint8Array)[0] === accepted ? load(...args) : INVALID_IMAGE,
  );
  return device;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.runIf(softwareDeviceIsUsable)('KernelModules', () => {
  test('take the other form of an image that the driver refuses', () => {
    const modules = new KernelModules(pickyDevice(2), { origin: '', image, alternative });
    expect(modules.find('softmax.cu', 'softmax')).toBeGreaterThan(0);
  });

  test('say what the driver said of the last form', () => {
    const modules = new KernelModules(pickyDevice(3), { origin: '', image, alternative });
    expect(() => modules.find('softmax.cu', 'softmax')).toThrow(
      /cuModuleLoadDataEx: .*loading softmax\.cu: .*; update the NVIDIA driver/,
    );
  });

  test('do without another form', () => {
    const modules = new KernelModules(pickyDevice(2), { origin: '', image });
    expect(() => modules.find('softmax.cu', 'softmax')).toThrow(/update the NVIDIA driver/);
  });
});

test.runIf(softwareDeviceIsUsable)('a GPU gets the code that ships where there is no run-time compiler', async () => {
  const { description } = new CudaDevice('software');
  const { origin, image: imageOf } = await kernelImages({ ...description, kind: 'gpu' });
  if (origin !== 'shipped PTX') return;
  const text = Buffer.from(imageOf('softmax.cu')).toString('latin1');
  expect(text).toMatch(/\.target sm_80/);
  expect(text.endsWith('\0')).toBe(true);
  expect(() => imageOf('unwritten.cu')).toThrow(/no compiled code for unwritten\.cu; install NVRTC/);
});
