import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { DatasetSpec } from '../../../envs/simulation/config.js';
import { simulateDatasets, simulateSystems } from '../../../envs/simulation/simulate-datasets.js';
import { exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';
import { TrainingData } from '../../../training/posterior/training-data.js';

const prior = { kind: 'linear-scm' as const, variables: 3 };
const specOf = (environment: Record<string, unknown> = {}) =>
  DatasetSpec.parse({ environment: { prior, initialRows: 5, budget: 2, ...environment } });
const stream = new RandomStream('training-data');

describe('TrainingData', () => {
  test('without labels it gives the simulated datasets and their graphs', async () => {
    const data = await TrainingData.create({ spec: specOf(), labels: 'graph' });
    expect(data.make(4, stream)).toEqual(simulateDatasets({ spec: specOf(), count: 4, stream }));
  });

  test.each(['do', 'shift'])('exact labels are the exact edge probabilities of each history, with %s', async (kind) => {
    const spec = specOf({ interventionKind: kind });
    const { labels, values } = (await TrainingData.create({ spec, labels: 'exact' })).make(6, stream);
    const histories = simulateSystems({ spec, count: 6, stream }).map(({ history }) => history);
    const exact = await exactPosteriorFor('exact', spec.environment);
    expect(labels).toEqual(exact.edgeProbabilities(histories));
    expect(values).toEqual(simulateDatasets({ spec, count: 6, stream }).values);
  });

  test('exact labels are refused where there is no exact posterior', async () => {
    const spec = specOf({ prior: { ...prior, noise: { kind: 'laplace' } } });
    await expect(TrainingData.create({ spec, labels: 'exact' })).rejects.toThrow(/the noise is laplace, not Gaussian/);
  });
});
