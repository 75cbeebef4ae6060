import * as tf from '@tensorflow/tfjs';
import { FUSED_KERNELS, limitKernel } from '../tensor/kernels.js';
import { CudaBackend } from './backend/cuda-backend.js';
import { type CudaKernel, type CudaKernelCall, onHost } from './backend/cuda-kernel.js';
import { CudaDevice } from './device/device.js';
import { type CudaDeviceKind, checkLibrary, defaultDeviceKind } from './device/device-library.js';
import { kernelImages } from './device/kernel-images.js';
import { KernelModules } from './device/modules.js';
import type { Precision } from './device/precision.js';
import { copyKernels } from './ops/copies.js';
import { elementwiseKernels } from './ops/elementwise.js';
import { encoderKernels } from './ops/encoder.js';
import { fitsEncoderKernels } from './ops/encoder-plan.js';
import { fusedKernels } from './ops/fused.js';
import { matmulKernels } from './ops/matmul.js';
import { optimizerKernels } from './ops/optimizers.js';
import { reductionKernels } from './ops/reductions.js';
import { sinkStatisticsKernels } from './ops/sink-statistics.js';
import { viewKernels } from './ops/views.js';

const BACKEND = 'cuda';

/** Every kernel that runs on the device; the other stock kernels run on the host. */
export const DEVICE_KERNELS: readonly CudaKernel[] = [
  ...encoderKernels,
  ...fusedKernels,
  ...sinkStatisticsKernels,
  ...optimizerKernels,
  ...matmulKernels,
  ...elementwiseKernels,
  ...reductionKernels,
  ...copyKernels,
  ...viewKernels,
];

/** How the CUDA backend is to run. */
export interface CudaOptions {
  /** @defaultValue what CAUSAL_PILOT_CUDA_DEVICE says, else 'gpu' */
  readonly device?: CudaDeviceKind;
  /** @defaultValue 'tf32' on a GPU, 'float32' on the software device, which has no tensor cores */
  readonly precision?: Precision;
}

/**
 * Makes tfjs know the backend 'cuda', or only changes its precision when it is known already.
 *
 * @throws CausalPilotError E_BACKEND when there is no device that can be used.
 */
export async function registerCudaBackend({ device, precision }: CudaOptions = {}): Promise<void> {
  const kind = device ?? defaultDeviceKind();
  const wanted = precision ?? (kind === 'gpu' ? 'tf32' : 'float32');
  if (active?.device.description.kind === kind) {
    active.precision = wanted;
    return;
  }
  await checkLibrary(kind);
  const cudaDevice = new CudaDevice(kind);
  const modules = new KernelModules(cudaDevice, await kernelImages(cudaDevice.description));
  // Made here, since tfjs would print what a factory throws and go on.
  const backend = new CudaBackend(cudaDevice, modules, wanted);
  if (active === undefined) registerKernels();
  else tf.removeBackend(BACKEND);
  tf.registerBackend(BACKEND, () => backend, 0);
  active = backend;
}

let active: CudaBackend | undefined;

/** The backend, if it was registered. */
export function cudaBackend(): CudaBackend | undefined {
  return active;
}

/** How often each kernel without a device form ran on the host in this process; empty where all stayed on the device. */
export function hostKernelCounts(): ReadonlyMap<string, number> {
  return cudaBackend()?.fallback.counts ?? new Map();
}

function registerKernels(): void {
  limitKernel(FUSED_KERNELS.encoderLayer, BACKEND, ({ width, attention, heads }) =>
    fitsEncoderKernels({ width: width!, attention: attention!, heads: heads! }),
  );
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    register(kernelName, (call) => onHost(kernelName, call));
  }
  for (const { name, run } of DEVICE_KERNELS) {
    if (tf.getKernel(name, BACKEND) != null) tf.unregisterKernel(name, BACKEND);
    register(name, run);
  }
}

function register(kernelName: string, run: CudaKernel['run']): void {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) =>
      run({
        inputs: inputs as unknown as CudaKernelCall['inputs'],
        attrs: (attrs ?? {}) as Record<string, unknown>,
        backend: backend as CudaBackend,
      }),
  });
}
