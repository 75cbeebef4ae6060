import { FUSED_KERNELS } from '../../tensor/kernels.js';
import { MOMENT_CONSTANTS } from '../../tensor/optimizer-state.js';
import type { KernelCall, NativeKernel } from '../backend/native-backend.js';

const CLIP_NORM = MOMENT_CONSTANTS.indexOf('clipNorm');

/** MomentConstants of optimizers.cpp, which end in the gradients' scale; undefined where a gradient is not finite. */
function scaledConstants({ inputs, backend }: KernelCall): Float32Array | undefined {
  const constants = backend.float32(inputs.constants!).slice();
  const norm = Math.sqrt(backend.float32(inputs.norms!).reduce((sum, part) => sum + part * part, 0));
  if (!Number.isFinite(norm)) return undefined;
  const clipNorm = constants[CLIP_NORM]!;
  constants[CLIP_NORM] = norm > clipNorm ? clipNorm / norm : 1;
  return constants;
}

/** Calls `update` with the values of tensor i of every role. */
function forEachTensor({ inputs, attrs, backend }: KernelCall, update: (role: (name: string) => Float32Array) => void) {
  for (let i = 0; i < (attrs.count as number); i++) update((role) => backend.float32(inputs[`${role}${i}`]!));
}

const tensorNorms: NativeKernel = {
  name: FUSED_KERNELS.tensorNorms,
  run(call) {
    const { info, values } = call.backend.output([call.attrs.count as number]);
    let index = 0;
    forEachTensor(call, (role) => {
      const tensor = role('tensor');
      values[index++] = call.backend.functions.cp_norm(tensor, tensor.length);
    });
    return info;
  },
};

const adamStep: NativeKernel = {
  name: FUSED_KERNELS.adamStep,
  run(call) {
    const constants = scaledConstants(call);
    if (constants === undefined) return [];
    forEachTensor(call, (role) => {
      const [parameter, gradient] = [role('parameter'), role('gradient')];
      const [mean, variance] = [role('mean'), role('variance')];
      call.backend.functions.cp_adam(parameter, gradient, mean, variance, parameter.length, constants);
    });
    return [];
  },
};

const lambStep: NativeKernel = {
  name: FUSED_KERNELS.lambStep,
  run(call) {
    const constants = scaledConstants(call);
    if (constants === undefined) return [];
    forEachTensor(call, (role) => {
      const [parameter, gradient] = [role('parameter'), role('gradient')];
      const [mean, variance] = [role('mean'), role('variance')];
      const direction = new Float32Array(parameter.length);
      call.backend.functions.cp_lamb(parameter, gradient, mean, variance, direction, parameter.length, constants);
    });
    return [];
  },
};

const polyakStep: NativeKernel = {
  name: FUSED_KERNELS.polyakStep,
  run(call) {
    const rate = call.backend.float32(call.inputs.rate!)[0]!;
    if (!Number.isFinite(rate)) return [];
    forEachTensor(call, (role) => {
      const target = role('target');
      call.backend.functions.cp_polyak(target, role('source'), target.length, rate);
    });
    return [];
  },
};

export const optimizerKernels: readonly NativeKernel[] = [tensorNorms, adamStep, lambStep, polyakStep];
