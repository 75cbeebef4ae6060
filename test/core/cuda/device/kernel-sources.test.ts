import { expect, test } from 'vitest';
import { findDeclaration, kernelsOf, readSource, sourceNames } from '../../../../core/cuda/device/kernel-sources.js';

test('kernels are found in source text with their parameters', () => {
  const text = `
    extern "C" __global__ void first(const float* x, int* y, long long size, int rows, unsigned key, float rate, Layout l) {}
    extern "C" __global__ void __launch_bounds__(THREADS)
        second(float4* x) {}
    __device__ void third(int i) {}
  `;
  expect(kernelsOf('some.cu', text)).toEqual([
    {
      name: 'first',
      file: 'some.cu',
      parameters: ['address', 'address', 'long', 'int', 'unsigned', 'float', 'struct'],
    },
    { name: 'second', file: 'some.cu', parameters: ['address'] },
  ]);
});

test('every kernel of the .cu files is found, and no name is used twice', () => {
  const files = sourceNames('.cu');
  const kernels = files.flatMap((file) => kernelsOf(file, readSource(file)));
  const written = files.flatMap((file) => readSource(file).match(/__global__/g) ?? []);
  expect(kernels.length).toBe(written.length);
  expect(new Set(kernels.map(({ name }) => name)).size).toBe(kernels.length);
});

test('a kernel that no file declares is refused by name', () => {
  expect(() => findDeclaration('unheard_of')).toThrow(/declares kernel 'unheard_of'; reinstall/);
});
