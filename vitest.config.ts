import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    maxWorkers: 2,
    // The tests' cuda backend is the software device, on every machine.
    env: { CAUSAL_PILOT_CUDA_DEVICE: 'software' },
  },
});
