import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { potential, REWARD_KINDS } from '../../../envs/design/reward.js';
import { sampleGraph } from '../../../envs/prior/graph-priors.js';
import {
  differentiablePotential,
  isDifferentiable,
} from '../../../training/branched-gradient/differentiable-potential.js';

beforeAll(async () => {
  await useBackend({ threads: 1 });
});

test.each(REWARD_KINDS.filter(isDifferentiable))('%s equals the potential that the environment computes', (kind) => {
  const stream = new RandomStream(`potential/${kind}`);
  const graphs = [0, 1, 2].map(() => sampleGraph({ kind: 'erdos-renyi', degree: 1.5 }, 4, stream));
  const logits = stream.fillNormal(new Float32Array(3 * 16), 0, 2);
  const adjacency = Float32Array.from(graphs.flatMap((graph) => [...graph.adjacency]));
  const values = differentiablePotential(
    kind,
    tf.tensor3d(logits, [3, 4, 4]),
    tf.tensor3d(adjacency, [3, 4, 4]),
  ).dataSync();
  graphs.forEach((graph, b) => {
    const probabilities = Float32Array.from(logits.subarray(16 * b, 16 * (b + 1)), (x) => 1 / (1 + Math.exp(-x)));
    expect(values[b]).toBeCloseTo(potential(kind, probabilities, graph), 4);
  });
});

test('ranking metrics are not differentiable', () => {
  expect(REWARD_KINDS.filter((kind) => !isDifferentiable(kind))).toEqual(['auprc']);
});
