import { columnMeans } from '../../core/causal/column-moments.js';
import type { PerturbationContext, PerturbationData } from '../../core/causal/perturbation-data.js';
import { RandomStream } from '../../core/random/stream.js';
import { fitGim, type GimOptions } from '../../models/gim/fit-gim.js';
import { type HeldOut, heldOutFolds } from '../../models/perturbation-predictors/predictor.js';
import { predictKernelRidge, predictNoEffect } from '../../models/perturbation-predictors/regressions.js';

/** How far means of held-out contexts are from what is foretold, and what simpler predictors reach. */
export interface HeldOutCheck {
  readonly heldOut: HeldOut;
  readonly contexts: number;
  /** Mean Euclidean distance to the measured means, their sampling noise included. */
  readonly meanError: { readonly gim: number; readonly kernelRidge: number; readonly noEffect: number };
}

/** Fits to four fifths of the perturbations, or doses, and foretells the rest. */
export function checkHeldOut(data: PerturbationData, heldOut: HeldOut, options: GimOptions): HeldOutCheck {
  const folds = heldOutFolds(data, heldOut);
  const training = { ...data, contexts: data.contexts.filter((_, k) => folds[k] !== 0) };
  const tested = data.contexts.filter((_, k) => folds[k] === 0);
  const gim = fitGim(training, options);
  const kernelRidge = predictKernelRidge(training, heldOut);
  const noEffect = predictNoEffect(training);
  const stream = new RandomStream('held-out-check');
  const errorOf = (predict: (context: PerturbationContext) => Float64Array) =>
    tested.reduce((sum, context) => {
      const measured = columnMeans(context.values, data.size);
      return sum + Math.hypot(...predict(context).map((value, j) => value - measured[j]!)) / tested.length;
    }, 0);
  return {
    heldOut,
    contexts: tested.length,
    meanError: {
      gim: errorOf(({ features }) => gim.predictMean(features, stream)),
      kernelRidge: errorOf(({ features }) => kernelRidge.predictMean(features, stream)),
      noEffect: errorOf(({ features }) => noEffect.predictMean(features, stream)),
    },
  };
}
