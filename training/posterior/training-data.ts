import type { RandomStream } from '../../core/random/stream.js';
import { checkDatasetSpec, type DatasetSpec } from '../../envs/simulation/config.js';
import {
  type DatasetBatch,
  datasetRows,
  packDatasets,
  simulateSystems,
} from '../../envs/simulation/simulate-datasets.js';
import { exactPosteriorFor } from '../../models/posterior/exact/environment-posterior.js';
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

/** Simulates batches and labels them. */
export class TrainingData {
  readonly #spec: DatasetSpec;
  readonly #exact: ExactGraphPosterior | undefined;

  private constructor(spec: DatasetSpec, exact: ExactGraphPosterior | undefined) {
    this.#spec = spec;
    this.#exact = exact;
  }

  /** @throws CausalPilotError E_CONFIG if the spec contradicts itself or has no exact posterior to label with. */
  static async create({ spec, labels }: TrainingDataSpec): Promise<TrainingData> {
    checkDatasetSpec(spec);
    return new TrainingData(spec, labels === 'exact' ? await exactPosteriorFor('exact', spec.environment) : undefined);
  }

  /** `count` datasets; dataset i draws from the child stream `<name>/<i>` only. */
  make(count: number, stream: RandomStream): TrainingBatch {
    const systems = simulateSystems({ spec: this.#spec, count, stream });
    const batch = packDatasets(systems, datasetRows(this.#spec));
    if (this.#exact === undefined) return batch;
    return { ...batch, labels: this.#exact.edgeProbabilities(systems.map(({ history }) => history)) };
  }
}
