import { FUSED_KERNELS } from '../tensor/kernels.js';
import type { MomentStep } from '../tensor/optimizer-state.js';
import type { KernelCall, NativeKernel } from './native-backend.js';

/** MomentConstants of optimizers.cpp. */
function momentConstants(step: MomentStep): Float32Array {
  return Float32Array.of(
    step.learningRate,
    step.beta1,
    step.beta2,
    step.epsilon,
    step.weightDecay,
    1 / (1 - step.beta1 ** step.step),
    1 / (1 - step.beta2 ** step.step),
    step.gradientScale,
  );
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
    const constants = momentConstants(call.attrs as unknown as MomentStep);
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
    const constants = momentConstants(call.attrs as unknown as MomentStep);
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
    forEachTensor(call, (role) => {
      const target = role('target');
      call.backend.functions.cp_polyak(target, role('source'), target.length, call.attrs.rate as number);
    });
    return [];
  },
};

export const optimizerKernels: readonly NativeKernel[] = [tensorNorms, adamStep, lambStep, polyakStep];
