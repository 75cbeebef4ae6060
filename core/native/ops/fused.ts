import type { TensorInfo } from '@tensorflow/tfjs';
import { type EncoderLayerAttributes, WEIGHT_NAMES } from '../../tensor/encoder-layer.js';
import { FUSED_KERNELS } from '../../tensor/kernels.js';
import type { KernelCall, NativeKernel } from '../backend/native-backend.js';
import { elementCount } from './strided-axes.js';

/** The arguments that both directions of the encoder layer share, as cp_encoder_forward takes them. */
function encoderArguments({ inputs, attrs, backend }: KernelCall) {
  const attributes = attrs as unknown as EncoderLayerAttributes;
  const x = inputs.x!;
  const [batch, rows, variables, width] = x.shape as [number, number, number, number];
  const attention = inputs.outProjectionWeight!.shape[1]!;
  const hidden = inputs.feedForward1Weight!.shape[0]!;
  const alongRows = attributes.axis === 'rows' ? 1 : 0;
  const keys = backend.data.get(inputs.dropoutKeys!.dataId).values as Int32Array;
  const dropoutKeys = keys.length === 0 ? [0, 0] : keys;
  return {
    x: backend.float32(x),
    rowMask: inputs.rowMask!.shape[0] === 0 ? null : backend.float32(inputs.rowMask!),
    sizes: Int32Array.of(batch, rows, variables, width, attention, attributes.heads, hidden, alongRows),
    dropout: Uint32Array.of(...dropoutKeys, attributes.dropoutThreshold),
    kept: 1 / (1 - attributes.dropoutRate),
    weights: WEIGHT_NAMES.map((name) => backend.float32(inputs[name]!)),
  };
}

const encoderLayer: NativeKernel = {
  name: FUSED_KERNELS.encoderLayer,
  run(call) {
    const { x, rowMask, sizes, dropout, kept, weights } = encoderArguments(call);
    const { info, values } = call.backend.output(call.inputs.x!.shape);
    if (values.length > 0) {
      call.backend.functions.cp_encoder_forward(x, values, rowMask, sizes, dropout, kept, ...weights);
    }
    return info;
  },
};

const encoderLayerGradient: NativeKernel = {
  name: FUSED_KERNELS.encoderLayerGradient,
  run(call) {
    const { backend, inputs } = call;
    const { x, rowMask, sizes, dropout, kept, weights } = encoderArguments(call);
    const dx = backend.output(inputs.x!.shape);
    const { weightGradients } = call.attrs as unknown as EncoderLayerAttributes;
    const outputs = weightGradients ? WEIGHT_NAMES.map((name) => backend.output(inputs[name]!.shape)) : [];
    const targets = weightGradients ? outputs.map(({ values }) => values) : WEIGHT_NAMES.map(() => null);
    if (x.length > 0) {
      const dy = backend.float32(inputs.dy!);
      backend.functions.cp_encoder_backward(x, dy, dx.values, rowMask, sizes, dropout, kept, ...weights, ...targets);
    } else {
      for (const target of targets) target?.fill(0);
    }
    return [dx.info, ...outputs.map(({ info }) => info)];
  },
};

const layerNorm: NativeKernel = {
  name: FUSED_KERNELS.layerNorm,
  run({ backend, inputs, attrs }) {
    const x = inputs.x!;
    const width = x.shape.at(-1) ?? 1;
    const { info, values } = backend.output(x.shape);
    const [scale, bias] = [backend.float32(inputs.scale!), backend.float32(inputs.bias!)];
    const rows = values.length / width;
    if (values.length > 0) {
      backend.functions.cp_layer_norm(backend.float32(x), scale, bias, values, rows, width, attrs.epsilon as number);
    }
    return info;
  },
};

const layerNormGradient: NativeKernel = {
  name: FUSED_KERNELS.layerNormGradient,
  run({ backend, inputs, attrs }) {
    const x = inputs.x!;
    const width = x.shape.at(-1) ?? 1;
    const [dx, dScale, dBias] = [backend.output(x.shape), backend.output([width]), backend.output([width])];
    backend.functions.cp_layer_norm_gradient(
      backend.float32(inputs.dy!),
      backend.float32(x),
      backend.float32(inputs.scale!),
      dx.values,
      dScale.values,
      dBias.values,
      dx.values.length / width,
      width,
      attrs.epsilon as number,
    );
    return [dx.info, dScale.info, dBias.info];
  },
};

const linear: NativeKernel = {
  name: FUSED_KERNELS.linear,
  run({ backend, inputs, attrs }) {
    const [outputs, size] = inputs.weight!.shape as [number, number];
    const x = backend.float32(inputs.x!);
    const { info, values } = backend.output([...inputs.x!.shape.slice(0, -1), outputs]);
    const bias = inputs.bias === undefined ? null : backend.float32(inputs.bias);
    const relu = attrs.activation === 'relu' ? 1 : 0;
    const rows = values.length / outputs;
    if (values.length > 0) {
      backend.functions.cp_linear(x, backend.float32(inputs.weight!), bias, values, rows, size, outputs, relu);
    }
    return info;
  },
};

const linearGradient: NativeKernel = {
  name: FUSED_KERNELS.linearGradient,
  run({ backend, inputs, attrs }) {
    const { dy, x, weight, y } = inputs as Record<'dy' | 'x' | 'weight' | 'y', TensorInfo>;
    const [outputs, size] = weight.shape as [number, number];
    const dx = backend.output(x.shape);
    const wanted = attrs.weightGradients as boolean;
    const gradients = wanted ? [backend.output(weight.shape), backend.output([outputs])] : [];
    backend.functions.cp_linear_gradient(
      backend.float32(dy),
      backend.float32(x),
      backend.float32(weight),
      attrs.activation === 'relu' ? backend.float32(y) : null,
      dx.values,
      gradients[0]?.values ?? null,
      gradients[1]?.values ?? null,
      elementCount(dy.shape) / outputs,
      size,
      outputs,
    );
    return [dx.info, ...gradients.map(({ info }) => info)];
  },
};

const maskedMaxPool: NativeKernel = {
  name: FUSED_KERNELS.maskedMaxPool,
  run({ backend, inputs }) {
    const [batch, rows, variables, width] = inputs.x!.shape as [number, number, number, number];
    const { info, values } = backend.output([batch, variables, width]);
    const winner = new Int32Array(values.length);
    const mask = inputs.rowMask === undefined ? null : backend.float32(inputs.rowMask);
    const size = variables * width;
    if (values.length > 0) {
      backend.functions.cp_masked_max_pool(backend.float32(inputs.x!), mask, values, winner, batch, rows, size);
    }
    return [info, backend.makeTensorInfo([batch, variables, width], 'int32', winner)];
  },
};

const maskedMaxPoolGradient: NativeKernel = {
  name: FUSED_KERNELS.maskedMaxPoolGradient,
  run({ backend, inputs, attrs }) {
    const [batch, variables, width] = inputs.winner!.shape as [number, number, number];
    const rows = attrs.rows as number;
    const { info, values } = backend.output([batch, rows, variables, width]);
    const winner = backend.data.get(inputs.winner!.dataId).values as Int32Array;
    const size = variables * width;
    if (values.length > 0) {
      backend.functions.cp_masked_max_pool_gradient(backend.float32(inputs.dy!), winner, values, batch, rows, size);
    }
    return info;
  },
};

export const fusedKernels: readonly NativeKernel[] = [
  encoderLayer,
  encoderLayerGradient,
  layerNorm,
  layerNormGradient,
  linear,
  linearGradient,
  maskedMaxPool,
  maskedMaxPoolGradient,
];
