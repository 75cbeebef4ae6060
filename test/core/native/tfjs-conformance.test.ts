import { beforeAll, expect, test } from 'vitest';
import { nativeKernels, registerNativeBackend } from '../../../core/native/register.js';
import { useBackend } from '../../../core/tensor/backend.js';
import { FUSED_KERNELS } from '../../../core/tensor/kernels.js';
import { nativeIsUsable } from '../tensor/usable-backends.js';
import { defineTfjsTests } from './tfjs-conformance.js';

/**
 * The conformance tests that ship with tfjs-core, by file, and the native kernels that each is about. All tests of these
 * files apply. Fused kernels of our own are not known to tfjs; they are tested against their composed references.
 */
const FILES: Readonly<Record<string, readonly string[]>> = {
  abs_test: ['Abs'],
  add_test: ['Add'],
  arithmetic_test: ['Sub', 'Multiply', 'RealDiv'],
  binary_ops_test: ['Maximum', 'Minimum', 'SquaredDifference'],
  clip_by_value_test: ['ClipByValue'],
  equal_test: ['Equal'],
  exp_test: ['Exp'],
  'fused/fused_mat_mul_test': ['_FusedMatMul'],
  greater_equal_test: ['GreaterEqual'],
  greater_test: ['Greater'],
  less_equal_test: ['LessEqual'],
  less_test: ['Less'],
  log1p_test: ['Log1p'],
  log_sigmoid_test: ['Softplus'],
  log_softmax_test: ['LogSoftmax'],
  log_sum_exp_test: ['Max', 'Sum', 'Exp', 'Log'],
  log_test: ['Log'],
  mat_mul_test: ['BatchMatMul'],
  max_test: ['Max'],
  mean_test: ['Mean'],
  moments_test: ['Mean', 'Square'],
  neg_test: ['Neg'],
  not_equal_test: ['NotEqual'],
  norm_test: ['Abs', 'Max', 'Sum', 'Sqrt', 'Square'],
  reciprocal_test: ['Reciprocal'],
  relu_test: ['Relu'],
  rsqrt_test: ['Rsqrt'],
  sigmoid_test: ['Sigmoid'],
  slice1d_test: ['Slice'],
  slice2d_test: ['Slice'],
  slice3d_test: ['Slice'],
  slice4d_test: ['Slice'],
  slice_test: ['Slice'],
  softmax_test: ['Softmax'],
  softplus_test: ['Softplus'],
  sqrt_test: ['Sqrt'],
  square_test: ['Square'],
  step_test: ['Step'],
  sub_test: ['Sub'],
  sum_test: ['Sum'],
  tanh_test: ['Tanh'],
  transpose_test: ['Transpose'],
  where_test: ['Select'],
};

if (nativeIsUsable) {
  beforeAll(() => useBackend({ backend: 'native' }));
  for (const file of Object.keys(FILES)) defineTfjsTests(file);
}

test.runIf(nativeIsUsable)('every stock kernel that native replaces has a conformance file', async () => {
  await registerNativeBackend(1);
  const own = new Set<string>(Object.values(FUSED_KERNELS));
  const replaced = nativeKernels.map(({ name }) => name).filter((name) => !own.has(name));
  const covered = new Set(Object.values(FILES).flat());
  expect(replaced.filter((name) => !covered.has(name))).toEqual([]);
});
