import { HISTORY_CHANNELS } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';
import { Episode } from '../design/episode.js';
import { createCausalModelPrior } from '../design/prior-registry.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { checkDatasetSpec, type DatasetSpec } from './config.js';
import { drawExperimentPlan } from './experiment-plan.js';

/** Simulated datasets with the graphs they come from. Shapes: B datasets, n rows of the longest possible one, d variables. */
export interface DatasetBatch {
  readonly count: number;
  readonly rows: number;
  readonly size: number;
  /** [B, n, d, 2] values and target flags: initial rows, then experiments, then rows of zeros as padding. */
  readonly values: Float32Array;
  /** [B, n], 1 for a measured row and 0 for padding. */
  readonly rowMask: Float32Array;
  /** [B, d, d] adjacencies. */
  readonly graphs: Uint8Array;
}

export interface SimulateDatasetsOptions {
  readonly spec: DatasetSpec;
  readonly count: number;
  /** Dataset i draws from the child stream `<name>/<i>` only. */
  readonly stream: RandomStream;
  /** Used instead of the prior that the spec names, for systems of a user's own. */
  readonly prior?: CausalModelPrior;
}

/** Rows n of every padded dataset: all initial rows and the whole budget. */
export function datasetRows({ environment }: DatasetSpec): number {
  return environment.initialRows + environment.budget * environment.rowsPerExperiment;
}

/**
 * Draws `count` systems and measures each as the spec's mixture of experiments says.
 *
 * @throws CausalPilotError E_CONFIG if the spec contradicts itself.
 */
export function simulateDatasets({ spec, count, stream, prior }: SimulateDatasetsOptions): DatasetBatch {
  checkDatasetSpec(spec);
  const { prior: priorConfig, ...settings } = spec.environment;
  const systems = prior ?? createCausalModelPrior(priorConfig);
  const { size } = systems;
  const rows = datasetRows(spec);
  const values = new Float32Array(count * rows * size * HISTORY_CHANNELS);
  const rowMask = new Float32Array(count * rows);
  const graphs = new Uint8Array(count * size * size);
  for (let dataset = 0; dataset < count; dataset++) {
    const own = stream.child(dataset);
    const { initialRows, interventions } = drawExperimentPlan(settings, spec.data, { size, stream: own });
    const episode = new Episode(systems, { ...settings, initialRows, budget: interventions.length }, own);
    for (const intervention of interventions) episode.carryOut(intervention);
    episode.history.writeChannels(values, dataset * rows * size * HISTORY_CHANNELS);
    rowMask.fill(1, dataset * rows, dataset * rows + episode.history.rows);
    graphs.set(episode.model.graph.adjacency, dataset * size * size);
  }
  return { count, rows, size, values, rowMask, graphs };
}
