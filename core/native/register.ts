import * as tf from '@tensorflow/tfjs';
import { NativeBackend, type NativeKernel } from './backend/native-backend.js';
import { loadFunctions } from './device/bindings.js';
import { elementwiseKernels } from './ops/elementwise.js';
import { fusedKernels } from './ops/fused.js';
import { matmulKernels } from './ops/matmul.js';
import { optimizerKernels } from './ops/optimizers.js';
import { pairLayerKernels } from './ops/pair-layer.js';
import { pairKernels } from './ops/pairs.js';
import { reductionKernels } from './ops/reductions.js';

const BACKEND = 'native';

/** Every kernel that runs in C++ on this backend. */
export const nativeKernels: readonly NativeKernel[] = [
  ...fusedKernels,
  ...optimizerKernels,
  ...matmulKernels,
  ...elementwiseKernels,
  ...reductionKernels,
  ...pairKernels,
  ...pairLayerKernels,
];

/**
 * Makes tfjs know the backend 'native', once, and sets the number of its threads.
 *
 * @throws CausalPilotError E_BACKEND when the library is not built or does not belong here.
 */
export async function registerNativeBackend(threads: number): Promise<void> {
  const functions = await loadFunctions();
  functions.cp_set_threads(threads);
  if (tf.findBackendFactory(BACKEND) != null) return;
  tf.registerBackend(BACKEND, () => new NativeBackend(functions), 0);
  tf.copyRegisteredKernels('cpu', BACKEND);
  for (const { name, run } of nativeKernels) {
    if (tf.getKernel(name, BACKEND) != null) tf.unregisterKernel(name, BACKEND);
    tf.registerKernel({
      kernelName: name,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs, backend }) =>
        run({
          inputs: inputs as never,
          attrs: (attrs ?? {}) as Record<string, unknown>,
          backend: backend as NativeBackend,
        }),
    });
  }
}
