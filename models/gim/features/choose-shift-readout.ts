import { minimise } from './minimise.js';
import {
  readShifts,
  SHIFT_FORMS,
  type ShiftForm,
  type ShiftReadout,
  type ShiftSample,
  shiftLoss,
  startParameters,
} from './shift-readout.js';
import { Whitening } from './whitening.js';

const FOLDS = 4;
const ITERATIONS = 300;
/** Fits that only choose the form need no last digits. */
const TRIAL_ITERATIONS = 120;

/** A measured shift with the perturbation that it comes from. */
export interface GroupedSample extends ShiftSample {
  readonly group: string;
}

export interface ChosenReadout {
  readonly readout: ShiftReadout;
  /** Standard deviation of shifts of unseen perturbations about the reading, in units of the variables. */
  readonly deviation: number;
  /** Mean loss of every form on perturbations left out, in the order of `SHIFT_FORMS`. */
  readonly heldOutLosses: readonly number[];
}

/** The form that predicts perturbations best which were left out, fitted to all. */
export function chooseShiftReadout(
  samples: readonly GroupedSample[],
  shape: Pick<ShiftReadout, 'size' | 'width' | 'typicalDose' | 'units'>,
  forms: readonly ShiftForm[] = SHIFT_FORMS,
): ChosenReadout {
  const distinct = [...new Set(samples.map(({ descriptors }) => descriptors))];
  const bySmoothing = new Map(
    [...new Set(forms.map(({ smoothing }) => smoothing))].map((smoothing) => {
      const whitening = Whitening.of(distinct, smoothing);
      return [smoothing, { whitening, samples: whiten(samples, whitening) }];
    }),
  );
  const trial = (form: ShiftForm) => {
    const whitened = bySmoothing.get(form.smoothing)!;
    return { ...whitened, shape: { ...shape, form, width: whitened.whitening.directions.length } };
  };
  const groups = [...new Set(samples.map(({ group }) => group))];
  const foldOf = new Map(groups.map((group, index) => [group, index % FOLDS]));
  const errors = forms.map((form) => {
    const one = trial(form);
    return heldOutErrors(one.samples, one.shape, foldOf);
  });
  const heldOutLosses = errors.map((list) => list.reduce((sum, { loss }) => sum + loss / list.length, 0));
  const best = heldOutLosses.reduce((at, loss, index) => (loss < heldOutLosses[at]! ? index : at), 0);
  const excess = errors[best]!.reduce((sum, one) => sum + one.excess / errors[best]!.length, 0);
  const chosen = trial(forms[best]!);
  const { parameters } = fitReadout(chosen.samples, chosen.shape, ITERATIONS);
  return {
    readout: { ...shape, form: forms[best]!, parameters: chosen.whitening.unfold(parameters, shape.width) },
    deviation: Math.sqrt(Math.max(excess, 0)),
    heldOutLosses,
  };
}

/** Samples of one perturbation go on sharing their descriptors. */
function whiten(samples: readonly GroupedSample[], whitening: Whitening): GroupedSample[] {
  const known = new Map<Float64Array, Float64Array>();
  return samples.map((sample) => {
    const descriptors = known.get(sample.descriptors) ?? whitening.apply(sample.descriptors);
    known.set(sample.descriptors, descriptors);
    return { ...sample, descriptors };
  });
}

function fitReadout(
  samples: readonly ShiftSample[],
  shape: Omit<ShiftReadout, 'parameters'>,
  iterations: number,
): ShiftReadout {
  const objective = (point: Float64Array, gradient: Float64Array) => shiftLoss(shape, samples, point, gradient);
  return { ...shape, parameters: minimise(objective, startParameters(shape), iterations) };
}

/** Squared misses on samples left out, weighted, and beyond what the noise of the measured shift explains. */
function heldOutErrors(
  samples: readonly GroupedSample[],
  shape: Omit<ShiftReadout, 'parameters'>,
  foldOf: ReadonlyMap<string, number>,
): { loss: number; excess: number }[] {
  return Array.from({ length: FOLDS }, (_, fold) => fold).flatMap((fold) => {
    const left = samples.filter(({ group }) => foldOf.get(group) === fold);
    if (left.length === 0) return [];
    const readout = fitReadout(
      samples.filter(({ group }) => foldOf.get(group) !== fold),
      shape,
      TRIAL_ITERATIONS,
    );
    return left.map(({ descriptors, dose, variable, shift, precision }) => {
      const square = (readShifts(readout, descriptors, dose)[variable]! - shift) ** 2;
      return {
        loss: square * precision,
        excess: (square - 1 / precision) / shape.units[variable]! ** 2,
      };
    });
  });
}
