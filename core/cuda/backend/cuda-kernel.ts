import type { TensorInfo } from '@tensorflow/tfjs';
import type { CudaBackend } from './cuda-backend.js';

/** What a kernel of the CUDA backend receives. */
export interface CudaKernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: CudaBackend;
}

/** A kernel that runs on the device: its tfjs name and what it does. */
export interface CudaKernel {
  readonly name: string;
  run(call: CudaKernelCall): TensorInfo | TensorInfo[];
}

/** Runs the stock CPU kernel on downloaded values: for the cases that a device kernel leaves to it. */
export function onHost(name: string, { inputs, attrs, backend }: CudaKernelCall): TensorInfo | TensorInfo[] {
  return backend.fallback.run(name, inputs, attrs);
}
