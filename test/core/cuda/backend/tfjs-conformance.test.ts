import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { DEVICE_KERNELS } from '../../../../core/cuda/register.js';
import { FUSED_KERNELS } from '../../../../core/tensor/kernels.js';
import { defineTfjsTests } from '../../native/backend/tfjs-conformance.js';
import { STOCK_KERNEL_TESTS } from '../../native/backend/tfjs-conformance-files.js';
import { softwareDeviceIsUsable } from '../software-device.js';

/** Kernels that only the cuda backend has in a form of its own, by file of tests as in STOCK_KERNEL_TESTS. */
const MORE_TESTS: Readonly<Record<string, readonly string[]>> = {
  arg_max_test: ['ArgMax'],
  arg_min_test: ['ArgMin'],
  clone_test: ['Identity', 'Cast'],
  concat_test: ['Concat'],
  erf_test: ['Erf'],
  expand_dims_test: ['ExpandDims', 'Reshape'],
  fill_test: ['Fill'],
  gather_test: ['GatherV2'],
  logical_and_test: ['LogicalAnd'],
  logical_not_test: ['LogicalNot'],
  logical_or_test: ['LogicalOr'],
  min_test: ['Min'],
  one_hot_test: ['OneHot'],
  ones_like_test: ['OnesLike'],
  pad_test: ['PadV2'],
  split_test: ['SplitV'],
  squeeze_test: ['Reshape'],
  stack_test: ['Pack'],
  tile_test: ['Tile'],
  unstack_test: ['Unpack'],
  zeros_like_test: ['ZerosLike'],
};

const files = { ...STOCK_KERNEL_TESTS, ...MORE_TESTS };

if (softwareDeviceIsUsable) {
  beforeAll(() => useBackend({ backend: 'cuda', cudaDevice: 'software' }));
  for (const file of Object.keys(files)) defineTfjsTests(file, 'cuda');
}

test('every stock kernel with a device form has a conformance file', () => {
  const own = new Set<string>(Object.values(FUSED_KERNELS));
  const replaced = DEVICE_KERNELS.map(({ name }) => name).filter((name) => !own.has(name));
  const covered = new Set(Object.values(files).flat());
  expect(replaced.filter((name) => !covered.has(name))).toEqual([]);
});
