import { sigmoid } from '../likelihood/node-marginal.js';
import { dot } from './ridge.js';

// Shapes: q descriptors, d variables. Parameters: strength [q + 1], K [q + 1], h [q + 1], own [d, q + 1]; the last of each
// q + 1 is the intercept.

/** How shifts are read off the descriptors z and the dose. */
export interface ShiftForm {
  /** One strength for all targets of a perturbation, with small deviations, or one per target. */
  readonly strength: 'shared' | 'per-target';
  /** Whether half dose and slope of the Hill curve, or their logarithms, are linear in z. */
  readonly curve: 'linear' | 'log';
  /** L2 of the strengths' weights, in noise standard deviations; deviations from a shared strength have 1,000 times as much. */
  readonly penalty: number;
  /** Directions of the descriptors with less than this share of the mean variance are trusted less than the others. */
  readonly smoothing: number;
}

/** All forms that are tried. */
export const SHIFT_FORMS: readonly ShiftForm[] = (['shared', 'per-target'] as const).flatMap((strength) =>
  (['linear', 'log'] as const).flatMap((curve) =>
    [1e-5, 1e-2].flatMap((smoothing) => [0.3, 5, 80].map((penalty) => ({ strength, curve, penalty, smoothing }))),
  ),
);

/** What a shift is read with: m_j = unit (strength(z) + own_j(z)) dose^h / (K^h + dose^h). */
export interface ShiftReadout {
  readonly form: ShiftForm;
  readonly size: number;
  readonly width: number;
  /** Typical dose: K is measured in it. 0: no feature is a dose, and shifts have no curve. */
  readonly typicalDose: number;
  /** [d]: scale of the shift of each variable. */
  readonly units: Float64Array;
  readonly parameters: Float64Array;
}

/** One measured shift. */
export interface ShiftSample {
  readonly descriptors: Float64Array;
  readonly dose: number;
  readonly variable: number;
  readonly shift: number;
  /** Inverse variance of `shift`. */
  readonly precision: number;
}

const DEVIATION_PENALTY = 1000;
const CURVE_PENALTY = 0.3;
const START_SLOPE = 1.5;
/** Half doses (in typical ones) and slopes of linear curves stay above about this. */
const SMALLEST = 0.1;

export function startParameters({ form, size, width }: Pick<ShiftReadout, 'form' | 'size' | 'width'>): Float64Array {
  const parameters = new Float64Array((3 + size) * (width + 1));
  parameters[2 * (width + 1) - 1] = form.curve === 'linear' ? 1 : 0;
  parameters[3 * (width + 1) - 1] = form.curve === 'linear' ? START_SLOPE : Math.log(START_SLOPE);
  return parameters;
}

/** Shifts [d] of a target at this dose, each if the variable is one. */
export function readShifts(readout: ShiftReadout, descriptors: Float64Array, dose: number): Float64Array {
  const { response } = curveAt(readout, readout.parameters, descriptors, dose);
  return readout.units.map((unit, j) => unit * strengthOf(readout, readout.parameters, descriptors, j) * response);
}

/** Half the squared errors weighted by precision, plus penalties; adds to nothing: `gradient` is overwritten. */
export function shiftLoss(
  readout: Omit<ShiftReadout, 'parameters'>,
  samples: readonly ShiftSample[],
  parameters: Float64Array,
  gradient: Float64Array,
): number {
  let loss = penalties(readout, parameters, gradient);
  const block = readout.width + 1;
  const add = (offset: number, descriptors: Float64Array, factor: number) => {
    for (let i = 0; i < descriptors.length; i++) gradient[offset + i]! += factor * descriptors[i]!;
    gradient[offset + block - 1]! += factor;
  };
  for (const { descriptors, dose, variable, shift, precision } of samples) {
    const curve = curveAt(readout, parameters, descriptors, dose);
    const unit = readout.units[variable]!;
    const strength = unit * strengthOf(readout, parameters, descriptors, variable);
    const miss = strength * curve.response - shift;
    loss += (precision * miss * miss) / 2;
    const factor = precision * miss;
    if (readout.form.strength === 'shared') add(0, descriptors, factor * unit * curve.response);
    add((3 + variable) * block, descriptors, factor * unit * curve.response);
    add(block, descriptors, factor * strength * curve.inHalfDose);
    add(2 * block, descriptors, factor * strength * curve.inSlope);
  }
  return loss;
}

function penalties(
  readout: Omit<ShiftReadout, 'parameters'>,
  parameters: Float64Array,
  gradient: Float64Array,
): number {
  const { form, width } = readout;
  const block = width + 1;
  const own = form.strength === 'shared' ? DEVIATION_PENALTY * form.penalty : form.penalty;
  let loss = 0;
  for (let entry = 0; entry < parameters.length; entry++) {
    const part = Math.floor(entry / block);
    const isIntercept = entry % block === width;
    // Deviations from a shared strength are penalised as a whole, other intercepts are free.
    const free = isIntercept && !(part >= 3 && form.strength === 'shared');
    const penalty = free ? 0 : part === 0 ? form.penalty : part < 3 ? CURVE_PENALTY : own;
    gradient[entry] = penalty * parameters[entry]!;
    loss += (gradient[entry]! * parameters[entry]!) / 2;
  }
  return loss;
}

function linear(parameters: Float64Array, block: number, descriptors: Float64Array): number {
  const offset = block * (descriptors.length + 1);
  return dot(parameters, descriptors, offset) + parameters[offset + descriptors.length]!;
}

function strengthOf(
  { form }: Pick<ShiftReadout, 'form'>,
  parameters: Float64Array,
  descriptors: Float64Array,
  variable: number,
): number {
  const shared = form.strength === 'shared' ? linear(parameters, 0, descriptors) : 0;
  return shared + linear(parameters, 3 + variable, descriptors);
}

/** The Hill curve sigmoid(h (log dose - log K)) with its derivatives in the two linear readings. */
function curveAt(
  { form, typicalDose }: Pick<ShiftReadout, 'form' | 'typicalDose'>,
  parameters: Float64Array,
  descriptors: Float64Array,
  dose: number,
): { response: number; inHalfDose: number; inSlope: number } {
  if (typicalDose === 0) return { response: 1, inHalfDose: 0, inSlope: 0 };
  if (dose === 0) return { response: 0, inHalfDose: 0, inSlope: 0 };
  const [half, slope] = [1, 2].map((block) => positive(form.curve, linear(parameters, block, descriptors)));
  const distance = Math.log(dose / typicalDose) - Math.log(half!.value);
  const response = sigmoid(slope!.value * distance);
  const steep = response * (1 - response);
  return {
    response,
    inHalfDose: (-steep * slope!.value * half!.derivative) / half!.value,
    inSlope: steep * distance * slope!.derivative,
  };
}

/** A positive number of a reading: its exponential, or the reading itself, which below SMALLEST levels off smoothly. */
function positive(curve: ShiftForm['curve'], reading: number): { value: number; derivative: number } {
  if (curve === 'log') return { value: Math.exp(reading), derivative: Math.exp(reading) };
  if (reading >= SMALLEST) return { value: reading, derivative: 1 };
  const value = SMALLEST * Math.exp(reading / SMALLEST - 1);
  return { value: Math.max(value, 1e-12), derivative: value / SMALLEST };
}
