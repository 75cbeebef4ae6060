import { columnMeans } from '../../core/causal/column-moments.js';
import type { PerturbationData } from '../../core/causal/perturbation-data.js';
import type { RandomStream } from '../../core/random/stream.js';

// Shapes: p features, d variables, n rows, K contexts.

/** What foretells the distribution of the variables under a perturbation from its features. */
export interface PerturbationPredictor {
  /** [d] */
  readonly predictMean: (features: Float64Array, stream: RandomStream) => Float64Array;
  /** [n, d] */
  readonly sample: (features: Float64Array, rows: number, stream: RandomStream) => Float64Array;
  /** [d, d], of those that have a graph. */
  readonly edgeProbabilities?: () => Float64Array;
  /** [d], of those that know targets. */
  readonly targetProbabilities?: (features: Float64Array) => Float64Array;
}

/** What will be new in the test: doses of known perturbations, or perturbations. Hyperparameters are chosen on such contexts. */
export type HeldOut = 'doses' | 'perturbations';

/** Foretells a mean; rows are observational ones moved to it. */
export function movedObservations(
  { observational, size }: PerturbationData,
  predictMean: (features: Float64Array) => Float64Array,
): PerturbationPredictor {
  const still = columnMeans(observational, size);
  return {
    predictMean,
    sample: (features, rows, stream) => {
      const mean = predictMean(features);
      const drawn = new Float64Array(rows * size);
      for (let row = 0; row < rows; row++) {
        const from = stream.integer(observational.length / size);
        for (let j = 0; j < size; j++) drawn[row * size + j] = observational[from * size + j]! + mean[j]! - still[j]!;
      }
      return drawn;
    },
  };
}

/** The folds of contexts [K] on which hyperparameters are chosen: whole perturbations, or one dose of each in turn. */
export function heldOutFolds({ contexts }: PerturbationData, heldOut: HeldOut, folds = 5): Int32Array {
  const groups = [...new Set(contexts.map(({ group }) => group))];
  const seen = new Map<string, number>();
  return Int32Array.from(contexts, ({ group }) => {
    const position = seen.get(group) ?? 0;
    seen.set(group, position + 1);
    const ofGroup = groups.indexOf(group);
    return (heldOut === 'perturbations' ? ofGroup : ofGroup + position) % folds;
  });
}
