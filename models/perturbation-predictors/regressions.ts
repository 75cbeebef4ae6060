import { columnMeans } from '../../core/causal/column-moments.js';
import type { PerturbationData } from '../../core/causal/perturbation-data.js';
import { DescriptorScale } from '../gim/features/descriptors.js';
import { readOut, ridge } from '../gim/features/ridge.js';
import { solveInPlace } from '../gim/structure/solve.js';
import { type HeldOut, heldOutFolds, movedObservations, type PerturbationPredictor } from './predictor.js';

// Shapes: p features, d variables, K contexts.

type Mean = (features: Float64Array) => Float64Array;

/** Fits means [n] of [d] to standardised features [n] of [p]. */
type Regression = (inputs: readonly Float64Array[], means: readonly Float64Array[]) => Mean;

/** As if perturbations did nothing. */
export function predictNoEffect(data: PerturbationData): PerturbationPredictor {
  const still = columnMeans(data.observational, data.size);
  return movedObservations(data, () => still);
}

/** The mean over all perturbed contexts, whatever the features. */
export function predictPooledMean(data: PerturbationData): PerturbationPredictor {
  return movedObservations(data, averageOf(contextMeans(data)));
}

/** Mean of the k nearest contexts in standardised features. */
export function predictNearest(data: PerturbationData, heldOut: HeldOut): PerturbationPredictor {
  return tuned(data, heldOut, [1, 2, 3, 5, 10, 20].map(nearestNeighbours));
}

export function predictLinearRidge(data: PerturbationData, heldOut: HeldOut): PerturbationPredictor {
  const penalties = [1e-3, 1e-2, 0.1, 1, 10, 100, 1000];
  return tuned(
    data,
    heldOut,
    penalties.map(
      (penalty): Regression =>
        (inputs, means) => {
          const fitted = ridge(inputs, means, penalty);
          return (features) => readOut(fitted, features);
        },
    ),
  );
}

/** Kernel ridge regression with exp(-|u - v|^2 / (2 p width^2)). */
export function predictKernelRidge(data: PerturbationData, heldOut: HeldOut): PerturbationPredictor {
  const widths = [0.5, 1, 2, 4, 8];
  const penalties = [1e-4, 1e-3, 1e-2, 0.1, 1];
  return tuned(
    data,
    heldOut,
    widths.flatMap((width) => penalties.map((penalty) => kernelRidge(width, penalty))),
  );
}

/** The candidate with the least mean error on held-out contexts, fitted to all. */
function tuned(data: PerturbationData, heldOut: HeldOut, candidates: readonly Regression[]): PerturbationPredictor {
  const scale = DescriptorScale.of({ ...data, doseFeature: undefined });
  const inputs = data.contexts.map(({ features }) => scale.describe(features));
  const means = contextMeans(data);
  const folds = heldOutFolds(data, heldOut);
  const errorOf = (regression: Regression): number => {
    let error = 0;
    for (let fold = 0; fold < Math.max(...folds) + 1; fold++) {
      const predict = regression(
        inputs.filter((_, k) => folds[k] !== fold),
        means.filter((_, k) => folds[k] !== fold),
      );
      folds.forEach((own, k) => {
        if (own !== fold) return;
        const predicted = predict(inputs[k]!);
        error += Math.hypot(...means[k]!.map((value, j) => value - predicted[j]!));
      });
    }
    return error;
  };
  const errors = candidates.map(errorOf);
  const best = candidates[errors.indexOf(Math.min(...errors))]!(inputs, means);
  return movedObservations(data, (features) => best(scale.describe(features)));
}

function nearestNeighbours(count: number): Regression {
  return (inputs, means) => (features) => {
    const distances = inputs.map((input) => squaredDistance(input, features));
    const nearest = [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(0, count);
    return averageOf(nearest.map((k) => means[k]!))(features);
  };
}

function kernelRidge(width: number, penalty: number): Regression {
  return (inputs, means) => {
    const n = inputs.length;
    const size = means[0]!.length;
    const center = averageOf(means)(inputs[0]!);
    const kernel = (u: Float64Array, v: Float64Array) =>
      Math.exp(-squaredDistance(u, v) / (2 * u.length * width * width));
    const gram = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) gram[i * n + j] = kernel(inputs[i]!, inputs[j]!) + (i === j ? penalty : 0);
    const weights = Array.from({ length: size }, (_, j) =>
      solveInPlace(
        gram.slice(),
        Float64Array.from(means, (mean) => mean[j]! - center[j]!),
      ),
    );
    return (features) => {
      const likeness = inputs.map((input) => kernel(input, features));
      return center.map((value, j) => likeness.reduce((sum, like, k) => sum + like * weights[j]![k]!, value));
    };
  };
}

function contextMeans({ contexts, size }: PerturbationData): Float64Array[] {
  return contexts.map(({ values }) => columnMeans(values, size));
}

function averageOf(means: readonly Float64Array[]): Mean {
  const average = means[0]!.map((_, j) => means.reduce((sum, mean) => sum + mean[j]! / means.length, 0));
  return () => average;
}

function squaredDistance(u: Float64Array, v: Float64Array): number {
  return u.reduce((sum, value, i) => sum + (value - v[i]!) ** 2, 0);
}
