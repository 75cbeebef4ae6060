import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DatasetSpec } from '../../envs/simulation/config.js';
import {
  type DatasetBatch,
  datasetRows,
  type MeasuredSystem,
  packDatasets,
  simulateSystems,
} from '../../envs/simulation/simulate-datasets.js';
import { type World, worldMixture } from '../../envs/simulation/world-mixture.js';
import { exactPosteriorFor, whyNotExact } from '../../models/posterior/exact/environment-posterior.js';
import type { ExactGraphPosterior } from '../../models/posterior/exact/exact-graph-posterior.js';
import type { PosteriorTrainingConfig } from '../config/posterior-training-config.js';

/** Datasets with what a posterior is trained to say of them. */
export interface TrainingBatch extends DatasetBatch {
  /** [B, d, d] edge probabilities; the true graphs where left out. */
  readonly labels?: Float32Array;
}

export interface TrainingDataSpec {
  readonly spec: DatasetSpec;
  readonly labels: PosteriorTrainingConfig['labels'];
}

/** Variables up to which `exact-where-cheap` sums over graphs: a millisecond for each dataset, ten at 15. */
const MOST_VARIABLES_LABELLED = 10;

/** Simulates batches and labels them. */
export class TrainingData {
  readonly #spec: DatasetSpec;
  /** Of the worlds whose datasets are labelled by it. */
  readonly #exact: ReadonlyMap<World, ExactGraphPosterior>;

  private constructor(spec: DatasetSpec, exact: ReadonlyMap<World, ExactGraphPosterior>) {
    this.#spec = spec;
    this.#exact = exact;
  }

  /** @throws CausalPilotError E_CONFIG if the spec contradicts itself or has no exact posterior to label with. */
  static async create({ spec, labels }: TrainingDataSpec): Promise<TrainingData> {
    const exact = new Map<World, ExactGraphPosterior>();
    for (const world of worldMixture(spec).worlds)
      if (isLabelled(labels, world)) exact.set(world, await exactPosteriorFor('exact', world.environment));
    return new TrainingData(spec, exact);
  }

  /** `count` datasets; dataset i draws from the child stream `<name>/<i>` only. */
  make(count: number, stream: RandomStream): TrainingBatch {
    const systems = simulateSystems({ spec: this.#spec, count, stream });
    const batch = packDatasets(systems, datasetRows(this.#spec));
    return this.#exact.size === 0 ? batch : { ...batch, labels: this.#label(systems, batch) };
  }

  /** Exact edge probabilities of the systems whose world has them, the true graphs of the others. */
  #label(systems: readonly MeasuredSystem[], { size, graphs }: DatasetBatch): Float32Array {
    const entries = size * size;
    const labels = Float32Array.from(graphs);
    for (const [world, places] of placesByWorld(systems)) {
      const exact = this.#exact.get(world)?.edgeProbabilities(places.map((place) => systems[place]!.history));
      if (exact === undefined) continue;
      places.forEach((place, k) => {
        labels.set(exact.subarray(k * entries, (k + 1) * entries), place * entries);
      });
    }
    return labels;
  }
}

/** @throws CausalPilotError E_CONFIG where labels must be exact and cannot be. */
function isLabelled(labels: TrainingDataSpec['labels'], { environment }: World): boolean {
  if (labels === 'graph') return false;
  const why = whyNotExact('exact', environment);
  if (labels === 'exact-where-cheap')
    return why === undefined && environment.prior.variables <= MOST_VARIABLES_LABELLED;
  if (why === undefined) return true;
  throw new CausalPilotError(
    'E_CONFIG',
    `posterior.training.labels: 'exact' ones do not exist here: ${why}; set posterior.training.labels=graph`,
  );
}

function placesByWorld(systems: readonly MeasuredSystem[]): Map<World, number[]> {
  const places = new Map<World, number[]>();
  for (const [place, { world }] of systems.entries()) places.set(world, [...(places.get(world) ?? []), place]);
  return places;
}
