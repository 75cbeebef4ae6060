import type { CausalGraph } from '../../core/causal/graph.js';
import { HISTORY_CHANNELS, type History } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';
import { Episode } from '../design/episode.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { checkDatasetSpec, type DatasetSpec } from './config.js';
import { drawExperimentPlan } from './experiment-plan.js';
import { type World, worldMixture } from './world-mixture.js';

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
  /** Used instead of the prior that the spec names, for systems of a user's own; without sizes and variations then. */
  readonly prior?: CausalModelPrior;
}

/** Experiments that a dataset may have. */
function mostExperiments({ environment, data }: DatasetSpec): number {
  return data.maximumExperiments ?? environment.budget;
}

/** Rows n of every padded dataset: all initial rows and as many experiments as there may be. */
export function datasetRows(spec: DatasetSpec): number {
  const { initialRows, rowsPerExperiment } = spec.environment;
  return initialRows + mostExperiments(spec) * rowsPerExperiment;
}

/** A system's graph, what was measured on it and the world that it came from. */
export interface MeasuredSystem {
  readonly history: History;
  readonly graph: CausalGraph;
  readonly world: World;
}

/**
 * Draws `count` systems of one size and measures each as the spec's mixture of worlds and experiments says.
 *
 * @throws CausalPilotError E_CONFIG if the spec contradicts itself.
 */
export function simulateSystems({ spec, count, stream, prior }: SimulateDatasetsOptions): MeasuredSystem[] {
  const drawWorld = worldDrawer({ spec, stream, prior });
  const budget = mostExperiments(spec);
  return Array.from({ length: count }, (_, dataset) => {
    const own = stream.child(dataset);
    const world = drawWorld(own);
    const { prior: _config, ...settings } = world.environment;
    const plan = drawExperimentPlan({ ...settings, budget }, spec.data, { size: world.prior.size, stream: own });
    const { initialRows, interventions } = plan;
    const episode = new Episode(world.prior, { ...settings, initialRows, budget: interventions.length }, own);
    for (const intervention of interventions) episode.carryOut(intervention);
    return { history: episode.history, graph: episode.model.graph, world };
  });
}

/** Gives the world of each dataset by its stream. */
function worldDrawer({ spec, stream, prior }: Omit<SimulateDatasetsOptions, 'count'>): (own: RandomStream) => World {
  if (prior !== undefined) {
    checkDatasetSpec(spec);
    return () => ({ environment: spec.environment, prior });
  }
  const mixture = worldMixture(spec);
  const size = mixture.drawSize(stream);
  return (own) => mixture.draw(size, own);
}

/** Measured systems of one size, padded to `rows`; there must be at least one. */
export function packDatasets(systems: readonly MeasuredSystem[], rows: number): DatasetBatch {
  const count = systems.length;
  const size = systems[0]!.graph.size;
  const values = new Float32Array(count * rows * size * HISTORY_CHANNELS);
  const rowMask = new Float32Array(count * rows);
  const graphs = new Uint8Array(count * size * size);
  systems.forEach(({ history, graph }, dataset) => {
    history.writeChannels(values, dataset * rows * size * HISTORY_CHANNELS);
    rowMask.fill(1, dataset * rows, dataset * rows + history.rows);
    graphs.set(graph.adjacency, dataset * size * size);
  });
  return { count, rows, size, values, rowMask, graphs };
}

/** `simulateSystems`, packed. */
export function simulateDatasets(options: SimulateDatasetsOptions): DatasetBatch {
  return packDatasets(simulateSystems(options), datasetRows(options.spec));
}
