import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { nativeKernels, registerNativeBackend } from '../../../../core/native/register.js';
import { FUSED_KERNELS } from '../../../../core/tensor/kernels.js';
import { nativeIsUsable } from '../../tensor/usable-backends.js';
import { defineTfjsTests } from './tfjs-conformance.js';
import { STOCK_KERNEL_TESTS } from './tfjs-conformance-files.js';

if (nativeIsUsable) {
  beforeAll(() => useBackend({ backend: 'native' }));
  for (const file of Object.keys(STOCK_KERNEL_TESTS)) defineTfjsTests(file, 'native');
}

test.runIf(nativeIsUsable)('every stock kernel that native replaces has a conformance file', async () => {
  await registerNativeBackend(1);
  const own = new Set<string>(Object.values(FUSED_KERNELS));
  const replaced = nativeKernels.map(({ name }) => name).filter((name) => !own.has(name));
  const covered = new Set(Object.values(STOCK_KERNEL_TESTS).flat());
  expect(replaced.filter((name) => !covered.has(name))).toEqual([]);
});
