import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { EncoderLayerWeights } from '../../../core/tensor/encoder-layer.js';
import { encoderLayerShapes } from '../../../core/tensor/encoder-layer-contract.js';

/** One case of encoder_layer.json (torch 1.13, float64): see its note. */
export interface FixtureCase {
  shape: { batch: number; sequence: number; dim: number; heads: number; feedForward: number };
  keyPaddingMask: number[][];
  x: number[];
  cotangent: number[];
  weights: Record<string, number[]>;
  y: number[];
  gradX: number[];
  gradWeights: Record<string, number[]>;
}

export const fixtureCases = JSON.parse(
  readFileSync(new URL('../../fixtures/encoder_layer.json', import.meta.url), 'utf8'),
) as FixtureCase[];

/** Names of the fixture's weights in ours. */
export const FIXTURE_NAMES: Record<keyof EncoderLayerWeights, string> = {
  norm1Scale: 'norm1.weight',
  norm1Bias: 'norm1.bias',
  inProjectionWeight: 'self_attn.in_proj_weight',
  inProjectionBias: 'self_attn.in_proj_bias',
  outProjectionWeight: 'self_attn.out_proj.weight',
  outProjectionBias: 'self_attn.out_proj.bias',
  norm2Scale: 'norm2.weight',
  norm2Bias: 'norm2.bias',
  feedForward1Weight: 'linear1.weight',
  feedForward1Bias: 'linear1.bias',
  feedForward2Weight: 'linear2.weight',
  feedForward2Bias: 'linear2.bias',
};

/** Shapes of the weights of a layer. */
/** Largest absolute difference. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}

/** The fixture's tensors for the active backend. */
export function fixtureTensors(fixture: FixtureCase): {
  x: tf.Tensor3D;
  cotangent: tf.Tensor3D;
  keyMask: tf.Tensor2D;
  weights: EncoderLayerWeights;
} {
  const { batch, sequence, dim, feedForward } = fixture.shape;
  const shapes = encoderLayerShapes({ width: dim, attention: dim, hidden: feedForward });
  const names = Object.keys(shapes) as (keyof EncoderLayerWeights)[];
  const weights = Object.fromEntries(
    names.map((name) => [name, tf.tensor(fixture.weights[FIXTURE_NAMES[name]]!, shapes[name])]),
  ) as unknown as EncoderLayerWeights;
  return {
    x: tf.tensor3d(fixture.x, [batch, sequence, dim]),
    cotangent: tf.tensor3d(fixture.cotangent, [batch, sequence, dim]),
    keyMask: tf.tensor2d(
      fixture.keyPaddingMask.flat().map((padded) => 1 - padded),
      [batch, sequence],
    ),
    weights,
  };
}
