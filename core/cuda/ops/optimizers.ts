import { elementCount } from '../../native/ops/strided-axes.js';
import { FUSED_KERNELS } from '../../tensor/kernels.js';
import type { CudaKernel, CudaKernelCall } from '../backend/cuda-kernel.js';
import type { Handle } from '../device/driver.js';
import { BLOCK_THREADS } from '../device/kernel-launcher.js';

/** Blocks that share a tensor of an element-wise step. */
const MOST_BLOCKS = 64;

/**
 * Calls `launch` with a table of the roles' addresses and the size of every tensor of the call, in device memory, and the
 * blocks that the largest of them is worth.
 */
function withTable(
  { inputs, attrs, backend }: CudaKernelCall,
  roles: readonly string[],
  launch: (table: Handle, blocks: number, tensors: number) => void,
): void {
  const tensors = attrs.count as number;
  if (tensors === 0) return;
  let largest = 1;
  const rows = Array.from({ length: tensors }, (_, i) => {
    const size = elementCount(inputs[`${roles[0]}${i}`]!.shape);
    largest = Math.max(largest, size);
    return [...roles.map((role) => backend.address(inputs[`${role}${i}`]!)), size];
  });
  const table = backend.constants(BigInt64Array.from(rows.flat(), BigInt));
  launch(table.address, Math.min(Math.ceil(largest / BLOCK_THREADS), MOST_BLOCKS), tensors);
  backend.release(table);
}

const tensorNorms: CudaKernel = {
  name: FUSED_KERNELS.tensorNorms,
  run(call) {
    const { info, address } = call.backend.output([call.attrs.count as number]);
    withTable(call, ['tensor'], (table, _, tensors) =>
      call.backend.launcher.launch('tensor_norms', { grid: [tensors] }, [table, address]),
    );
    return info;
  },
};

/** Adam and LAMB take the same tensors; LAMB needs a whole tensor in one block. */
function momentStep(name: string, kernel: string, shape: (blocks: number, tensors: number) => [number, number]) {
  return {
    name,
    run(call) {
      const { backend, inputs } = call;
      const [norms, constants] = [backend.address(inputs.norms!), backend.address(inputs.constants!)];
      withTable(call, ['parameter', 'gradient', 'mean', 'variance'], (table, blocks, tensors) =>
        backend.launcher.launch(kernel, { grid: shape(blocks, tensors) }, [table, norms, constants, tensors]),
      );
      return [];
    },
  } satisfies CudaKernel;
}

const polyakStep: CudaKernel = {
  name: FUSED_KERNELS.polyakStep,
  run(call) {
    const rate = call.backend.address(call.inputs.rate!);
    withTable(call, ['target', 'source'], (table, blocks, tensors) =>
      call.backend.launcher.launch('polyak_step', { grid: [blocks, tensors] }, [table, rate]),
    );
    return [];
  },
};

export const optimizerKernels: readonly CudaKernel[] = [
  tensorNorms,
  momentStep(FUSED_KERNELS.adamStep, 'adam_step', (blocks, tensors) => [blocks, tensors]),
  momentStep(FUSED_KERNELS.lambStep, 'lamb_step', (_, tensors) => [tensors, 1]),
  polyakStep,
];
