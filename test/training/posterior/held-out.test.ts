import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DatasetSpec } from '../../../envs/simulation/config.js';
import { simulateDatasets } from '../../../envs/simulation/simulate-datasets.js';
import { fromDatasets } from '../../../models/networks/history-batch.js';
import { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../../models/posterior/graph-posterior-config.js';
import { PosteriorTrainingConfig } from '../../../training/config/posterior-training-config.js';
import { scoreHeldOut } from '../../../training/posterior/held-out.js';
import { PosteriorTrainer } from '../../../training/posterior/posterior-trainer.js';

const network = GraphPosteriorConfig.parse({ width: 16, heads: 2, pairs: 1, feedForwardFactor: 2 });

function specOf(initialRows: number, budget: number): DatasetSpec {
  const prior = { kind: 'linear-scm' as const, variables: 2, graph: { kind: 'erdos-renyi' as const, degree: 0.5 } };
  return DatasetSpec.parse({ environment: { prior, initialRows, budget }, data: { observationalFraction: 0 } });
}

beforeAll(async () => {
  await useBackend();
});

describe('scoreHeldOut', () => {
  test('an ignorant posterior scores what its probabilities say', () => {
    const posterior = new AmortizedGraphPosterior(network, new RandomStream('ignorant'));
    const scale = posterior.parameters.get('edge/logTemperature');
    scale.assign(scale.mul(0).sub(30) as typeof scale);
    const datasets = simulateDatasets({ spec: specOf(5, 2), count: 200, stream: new RandomStream('data') });
    const before = datasets.values.slice();
    const scores = scoreHeldOut(posterior, [datasets]);
    expect(datasets.values).toEqual(before);
    const p = 1 / (1 + Math.exp(3));
    const expected = -(scores.edgeRate * Math.log(p) + (1 - scores.edgeRate) * Math.log(1 - p));
    expect(scores.crossEntropy).toBeCloseTo(expected, 4);
    expect(scores.auroc).toBeCloseTo(0.5, 6);
    expect(scores.calibration.expectedCalibrationError).toBeCloseTo(Math.abs(scores.edgeRate - p), 4);
    posterior.dispose();
  });

  test('above the exact posterior by the divergence from it, where labels are exact', () => {
    const posterior = new AmortizedGraphPosterior(network, new RandomStream('ignorant'));
    const datasets = simulateDatasets({ spec: specOf(5, 2), count: 3, stream: new RandomStream('data') });
    const stated = posterior.probabilitiesOf(fromDatasets({ ...datasets, values: datasets.values.slice() }));
    const exact = Float32Array.from(stated, (p, entry) => (entry % 4 === 1 ? 0.5 : p));
    const expected = [1, 5, 9].map((at) => -0.5 * Math.log(4 * stated[at]! * (1 - stated[at]!)));
    const total = expected.reduce((sum, value) => sum + value, 0);
    expect(scoreHeldOut(posterior, [{ ...datasets, labels: exact }]).aboveExact).toBeCloseTo(total / 6, 5);
    expect(scoreHeldOut(posterior, [datasets]).aboveExact).toBeUndefined();
    posterior.dispose();
  });

  test('a short training beats the edge rate on two variables with strong interventions', () => {
    const training = PosteriorTrainingConfig.parse({
      steps: 150,
      batchSize: 48,
      learningRate: { kind: 'cosine', peak: 5e-3, warmupSteps: 20 },
      averageRate: 0.05,
    });
    const trainer = new PosteriorTrainer(training, network, new RandomStream('learn'));
    const spec = specOf(6, 8);
    for (let step = 0; step < training.steps; step++)
      trainer.step(step, simulateDatasets({ spec, count: 48, stream: new RandomStream(`train/${step}`) }));
    const heldOut = simulateDatasets({ spec, count: 400, stream: new RandomStream('held-out') });
    const scores = scoreHeldOut(trainer.average, [heldOut]);
    expect(scores.crossEntropy).toBeLessThan(scores.edgeRateCrossEntropy - 0.02);
    trainer.dispose();
  });
});
