import { expect, test } from 'vitest';
import { expectedCorrectEntries } from '../../../../core/causal/graph-metrics.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import { exactPosteriorFor } from '../../../../models/posterior/exact/environment-posterior.js';
import { createStrategies } from '../../../../src/evaluation/strategies/registry.js';
import {
  STRUCTURE_METRICS,
  type StructureMoment,
  StructureTask,
} from '../../../../src/evaluation/structure/structure-task.js';
import { CorrelationPosterior } from '../correlation-posterior.js';

const config = DesignEnvConfig.parse({
  prior: { kind: 'linear-scm', variables: 3, graph: { degree: 0.5 } },
  initialRows: 5,
  budget: 2,
});
const options = { environment: 'training', config, posterior: new CorrelationPosterior(), seed: 3 };
const [random] = createStrategies(['random']);

test('figures of every system and round, in the order of the metrics', () => {
  const moments: StructureMoment[] = [];
  const task = new StructureTask({ ...options, watch: (moment) => moments.push(moment) });
  const figures = task.prepare(4, 2).run(random!);
  expect(task.metrics).toEqual(STRUCTURE_METRICS);
  expect(figures).toHaveLength(2 * 3 * STRUCTURE_METRICS.length);
  expect(moments.map(({ round, first, interventions }) => [round, first, interventions.length])).toEqual([
    [0, 4, 0],
    [1, 4, 2],
    [2, 4, 2],
  ]);
  const { graphs, edgeProbabilities } = moments[1]!;
  expect(figures[(3 + 1) * STRUCTURE_METRICS.length]).toBe(
    expectedCorrectEntries(edgeProbabilities.subarray(9), graphs[1]!),
  );
});

test('readers of the limit judge the same rows and leave the other figures alone', async () => {
  const exact = await exactPosteriorFor('exact', config);
  const plain = new StructureTask(options);
  const limited = new StructureTask({ ...options, limits: [{ name: 'exact', posterior: exact }] });
  expect(limited.metrics.slice(STRUCTURE_METRICS.length)).toEqual([
    'return/exact',
    'auroc/exact',
    'logPosterior/exact',
  ]);
  const [own, both] = [plain, limited].map((task) => task.prepare(0, 3).run(random!));
  const width = limited.metrics.length;
  for (let cell = 0; cell < 9; cell++)
    expect(both!.slice(cell * width, cell * width + STRUCTURE_METRICS.length)).toEqual(
      own!.slice(cell * STRUCTURE_METRICS.length, (cell + 1) * STRUCTURE_METRICS.length),
    );
  const asReader = new StructureTask({ ...options, posterior: exact }).prepare(0, 3).run(random!);
  for (let cell = 0; cell < 9; cell++)
    expect(both![cell * width + STRUCTURE_METRICS.length]).toBeCloseTo(asReader[cell * STRUCTURE_METRICS.length]!, 10);
});

test('a system is named by seed and number alone', () => {
  const task = new StructureTask(options);
  const together = task.prepare(0, 3).run(random!);
  const perSystem = together.length / 3;
  expect(task.prepare(2, 1).run(random!)).toEqual(together.slice(2 * perSystem));
  expect(new StructureTask({ ...options, seed: 4 }).prepare(2, 1).run(random!)).not.toEqual(
    together.slice(2 * perSystem),
  );
  expect(new RandomStream('evaluation/3/system/2').name).toBe('evaluation/3/system/2');
});
