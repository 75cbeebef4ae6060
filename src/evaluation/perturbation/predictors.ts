import type { RandomStream } from '../../../core/random/stream.js';
import type { PerturbationScreen } from '../../../envs/perturbation/perturbation-screen.js';
import { fitGim, gimOfStructures } from '../../../models/gim/fit-gim.js';
import { BASES } from '../../../models/gim/structure/basis.js';
import { type Structure, structureOfGraph, structureOfTargets } from '../../../models/gim/structure/find-structure.js';
import { type ScreenMoments, screenMoments } from '../../../models/gim/structure/screen-moments.js';
import type { HeldOut, PerturbationPredictor } from '../../../models/perturbation-predictors/predictor.js';
import {
  predictKernelRidge,
  predictLinearRidge,
  predictNearest,
  predictNoEffect,
  predictPooledMean,
} from '../../../models/perturbation-predictors/regressions.js';

/** Everything that the study can compare; those told the truth about the graph or the training targets are limits. */
export const PREDICTOR_NAMES = [
  'no-effect',
  'pooled-mean',
  'nearest',
  'linear-ridge',
  'kernel-ridge',
  'gim',
  'gim-true-graph',
  'gim-true-targets',
] as const;
export type PredictorName = (typeof PREDICTOR_NAMES)[number];

export interface PredictorRequest {
  readonly screen: PerturbationScreen;
  readonly mechanisms: keyof typeof BASES;
  readonly stream: RandomStream;
}

/** Makes a predictor for each kind of held-out context; models that need no choice between them are fitted once. */
export function fitPredictor(
  name: PredictorName,
  request: PredictorRequest,
): (heldOut: HeldOut) => PerturbationPredictor {
  const { screen, mechanisms, stream } = request;
  const data = screen.training;
  const always = (predictor: PerturbationPredictor) => () => predictor;
  switch (name) {
    case 'no-effect':
      return always(predictNoEffect(data));
    case 'pooled-mean':
      return always(predictPooledMean(data));
    case 'nearest':
      return (heldOut) => predictNearest(data, heldOut);
    case 'linear-ridge':
      return (heldOut) => predictLinearRidge(data, heldOut);
    case 'kernel-ridge':
      return (heldOut) => predictKernelRidge(data, heldOut);
    case 'gim':
      return always(asPredictor(fitGim(data, { stream, mechanisms })));
    case 'gim-true-graph':
      return always(withStructure(request, (moments) => structureOfGraph(moments, parentsOf(screen))));
    case 'gim-true-targets':
      return always(
        withStructure(request, (moments) =>
          structureOfTargets(moments, Uint8Array.from(screen.trainingTargets.flatMap((flags) => [...flags])), {
            stream,
          }),
        ),
      );
  }
}

function parentsOf({ graph }: PerturbationScreen): number[][] {
  return Array.from({ length: graph.size }, (_, child) => graph.parents(child));
}

function withStructure(
  { screen, mechanisms }: PredictorRequest,
  structureOf: (moments: ScreenMoments) => Structure,
): PerturbationPredictor {
  const moments = screenMoments(screen.training, BASES[mechanisms]);
  return asPredictor(gimOfStructures(screen.training, moments, [{ structure: structureOf(moments), weight: 1 }]));
}

function asPredictor(gim: ReturnType<typeof fitGim>): PerturbationPredictor {
  return {
    predictMean: (features, stream) => gim.predictMean(features, stream),
    sample: (features, rows, stream) => gim.sample(features, rows, stream),
    edgeProbabilities: () => gim.edgeProbabilities(),
    targetProbabilities: (features) => gim.targetProbabilities(features),
  };
}
