import { afterEach, describe, expect, test } from 'vitest';
import { describeDevice } from '../../../../core/cuda/device/device.js';
import { defaultDeviceKind, loadDriver } from '../../../../core/cuda/device/device-library.js';
import { softwareDeviceIsUsable } from '../software-device.js';

const VARIABLE = 'CAUSAL_PILOT_CUDA_DEVICE';
const given = process.env[VARIABLE];
afterEach(() => {
  process.env[VARIABLE] = given;
});

test('the environment chooses the device, and other words are refused', () => {
  process.env[VARIABLE] = '';
  expect(defaultDeviceKind()).toBe('gpu');
  process.env[VARIABLE] = 'software';
  expect(defaultDeviceKind()).toBe('software');
  process.env[VARIABLE] = 'quantum';
  expect(() => defaultDeviceKind()).toThrow(/must be 'gpu' or 'software', got 'quantum'; unset it/);
});

describe.runIf(softwareDeviceIsUsable)('the driver', () => {
  test('describes its device', () => {
    const description = describeDevice('software');
    expect(description.name).toBe('software device');
    expect(description.capability).toBeGreaterThanOrEqual(80);
    expect(description.maxSharedBytes).toBeGreaterThanOrEqual(48 * 1024);
  });

  test('names the error of a failed call', () => {
    const driver = loadDriver('software');
    expect(() => driver.call('cuMemFree_v2', 4096)).toThrow(
      /^backend 'cuda': cuMemFree: CUDA_ERROR_INVALID_CONTEXT \(invalid device context\); look at the device with nvidia-smi/,
    );
    expect(() => driver.call('cuDeviceGet', new Int32Array(1), 99)).toThrow(/CUDA_ERROR_INVALID_DEVICE/);
  });
});
