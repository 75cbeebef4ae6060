import type { PerturbationData } from '../../core/causal/perturbation-data.js';
import type { RandomStream } from '../../core/random/stream.js';
import { chooseShiftReadout, type GroupedSample } from './features/choose-shift-readout.js';
import { DescriptorScale, type Unit, unitsOf } from './features/descriptors.js';
import { SHIFT_FORMS, type ShiftForm } from './features/shift-readout.js';
import { fitTargetReadout } from './features/target-readout.js';
import { Gim, type GimMember } from './gim.js';
import type { Mechanisms } from './mechanisms.js';
import { BASES } from './structure/basis.js';
import { findStructures, residualMean, type Structure } from './structure/find-structure.js';
import { type ScreenMoments, screenMoments } from './structure/screen-moments.js';

// Shapes: d variables, K contexts.

export interface GimOptions {
  readonly stream: RandomStream;
  /** additive: every mechanism is a sum of smooth functions of single parents. @defaultValue 'linear' */
  readonly mechanisms?: keyof typeof BASES;
  /** Graphs of the ensemble, at most. @defaultValue 5 */
  readonly members?: number;
  /** Nats that a target costs while the graph is searched. @defaultValue 10 */
  readonly targetCost?: number;
  /** Searches with some variables forgotten. @defaultValue 42 */
  readonly restarts?: number;
  /** Ways of reading shifts off features, chosen on held-out perturbations. @defaultValue all */
  readonly forms?: readonly ShiftForm[];
}

/** Members below this share of the best one's weight are left out. */
const SMALLEST_WEIGHT = 1e-3;

/**
 * Fits graph, targets and mechanisms, then what features tell of targets and shifts, to a screen.
 *
 * @throws CausalPilotError E_INPUT for data that do not fit together.
 */
export function fitGim(data: PerturbationData, options: GimOptions): Gim {
  const { stream, mechanisms = 'linear', members = 5 } = options;
  const moments = screenMoments(data, BASES[mechanisms]);
  const structures = findStructures(moments, { ...options, stream: stream.child('structure') });
  const best = structures[0] as Structure;
  const weighted = structures
    .slice(0, members)
    .map((structure) => ({ structure, weight: Math.exp(structure.score - best.score) }))
    .filter(({ weight }) => weight >= SMALLEST_WEIGHT);
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return gimOfStructures(
    data,
    moments,
    weighted.map(({ structure, weight }) => ({ structure, weight: weight / total })),
    options.forms,
  );
}

/** The model of structures that are known or found: what is left is to read targets and shifts off the features. */
export function gimOfStructures(
  data: PerturbationData,
  moments: ScreenMoments,
  weighted: readonly { readonly structure: Structure; readonly weight: number }[],
  forms?: readonly ShiftForm[],
): Gim {
  const scale = DescriptorScale.of(data);
  const units = unitsOf(data.contexts, scale);
  const members = weighted.map(({ structure, weight }): GimMember => {
    const flags = unitFlags(units, structure.targets, data.size);
    const samples = shiftSamples(data, moments, { structure, units, flags, scale });
    const noise = structure.variances.map(Math.sqrt);
    const typicalNoise = noise.reduce((sum, one, j) => sum + (one * moments.deviations[j]!) / data.size, 0);
    const { readout, deviation } = chooseShiftReadout(
      samples,
      {
        size: data.size,
        width: scale.width,
        typicalDose: typicalDose(data),
        units: new Float64Array(data.size).fill(typicalNoise),
      },
      forms ?? SHIFT_FORMS,
    );
    return {
      mechanisms: mechanismsOf(moments, structure),
      targets: fitTargetReadout(units, flags),
      shifts: readout,
      shiftDeviation: deviation,
      weight,
    };
  });
  return new Gim(scale, members);
}

/** What a model keeps of a structure and of the moments that it was found on. */
function mechanismsOf({ basis, means, deviations, centre }: ScreenMoments, structure: Structure): Mechanisms {
  const { parents, coefficients, intercepts, variances } = structure;
  return { basis, means, deviations, centre, parents, coefficients, intercepts, noise: variances.map(Math.sqrt) };
}

/** A perturbation hits what it hits at any of its doses. */
function unitFlags(units: readonly Unit[], targets: Uint8Array, size: number): Uint8Array[] {
  return units.map(({ contexts }) =>
    Uint8Array.from({ length: size }, (_, j) => (contexts.some((k) => targets[k * size + j] === 1) ? 1 : 0)),
  );
}

interface FoundTargets {
  readonly structure: Structure;
  readonly units: readonly Unit[];
  readonly flags: readonly Uint8Array[];
  readonly scale: DescriptorScale;
}

/** The measured shift of every target in every context of its perturbation, in units of the data. */
function shiftSamples(data: PerturbationData, moments: ScreenMoments, found: FoundTargets): GroupedSample[] {
  const { structure, units, flags, scale } = found;
  return units.flatMap(({ descriptors, group, contexts }, u) =>
    contexts.flatMap((k) =>
      [...flags[u]!.keys()].flatMap((variable) => {
        if (flags[u]![variable] === 0) return [];
        const { rows, mean } = moments.contexts[k]!;
        const own = {
          node: variable,
          parents: structure.parents[variable]!,
          coefficients: structure.coefficients[variable]!,
          intercept: structure.intercepts[variable]!,
        };
        const unit = moments.deviations[variable]!;
        return [
          {
            descriptors,
            group,
            dose: scale.dose(data.contexts[k]!.features) ?? 0,
            variable,
            shift: residualMean(moments, mean, own) * unit,
            precision: rows / (structure.variances[variable]! * unit * unit),
          },
        ];
      }),
    ),
  );
}

/** Geometric mean of the doses above 0; 0 where no feature is a dose. */
function typicalDose({ contexts, doseFeature }: PerturbationData): number {
  if (doseFeature === undefined) return 0;
  const doses = contexts.map(({ features }) => features[doseFeature]!).filter((dose) => dose > 0);
  if (doses.length === 0) return 1;
  return Math.exp(doses.reduce((sum, dose) => sum + Math.log(dose) / doses.length, 0));
}
