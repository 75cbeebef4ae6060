import type { RandomStream } from '../../core/random/stream.js';
import type { DescriptorScale } from './features/descriptors.js';
import { readShifts, type ShiftReadout } from './features/shift-readout.js';
import { type TargetReadout, targetProbabilities } from './features/target-readout.js';
import {
  type LinearMechanisms,
  type PredictedMoments,
  predictMoments,
  type ShiftBelief,
  totalEffects,
} from './likelihood/linear-prediction.js';
import { type Mechanisms, sampleMechanisms } from './mechanisms.js';

// Shapes: p features, d variables, n rows.

/** Rows over which the mean of a nonlinear model is taken. */
const MEAN_ROWS = 400;

/** One graph with its mechanisms and what it reads off features. */
export interface GimMember {
  readonly mechanisms: Mechanisms;
  readonly targets: TargetReadout;
  readonly shifts: ShiftReadout;
  /** Of the shift about its reading, in units of `shifts`. */
  readonly shiftDeviation: number;
  /** Share of the ensemble; all add up to 1. */
  readonly weight: number;
}

/**
 * A generative intervention model: features of a perturbation -> distribution over targets and shifts -> distribution of the
 * variables under a causal model. An ensemble of graphs, often of one.
 */
export class Gim {
  constructor(
    readonly descriptors: DescriptorScale,
    readonly members: readonly GimMember[],
  ) {}

  get size(): number {
    return (this.members[0] as GimMember).mechanisms.means.length;
  }

  /** [d, d]: share of the ensemble that has the edge i -> j. */
  edgeProbabilities(): Float64Array {
    const probabilities = new Float64Array(this.size ** 2);
    for (const { mechanisms, weight } of this.members)
      mechanisms.parents.forEach((list, child) => {
        for (const parent of list) probabilities[parent * this.size + child]! += weight;
      });
    return probabilities;
  }

  /** [d]: probability that the perturbation hits each variable. */
  targetProbabilities(features: ArrayLike<number>): Float64Array {
    return this.#average((member) => targetProbabilities(member.targets, this.descriptors.describe(features)));
  }

  /** [d]: shift of every variable if it is a target. */
  shifts(features: ArrayLike<number>): Float64Array {
    return this.#average((member) => this.#shiftsOf(member, features));
  }

  /** [doses, d]: expected shift of every variable at other doses, the chance that it is no target included. */
  doseCurve(features: ArrayLike<number>, doses: readonly number[]): Float64Array[] {
    return doses.map((dose) => {
      const moved = Float64Array.from(features);
      if (this.descriptors.doseFeature !== undefined) moved[this.descriptors.doseFeature] = dose;
      const probabilities = this.targetProbabilities(moved);
      return this.shifts(moved).map((shift, j) => shift * probabilities[j]!);
    });
  }

  /** [d]: expected values under the perturbation; of nonlinear mechanisms the mean of drawn rows. */
  predictMean(features: ArrayLike<number>, stream: RandomStream): Float64Array {
    return this.#average((member) => {
      if (member.mechanisms.basis.name === 'linear') return this.#linearMoments(member, features).mean;
      const rows = this.#sampleMember(member, features, { rows: MEAN_ROWS, stream });
      return this.#meanOf(rows);
    });
  }

  /** Moments of the best member, exact where its mechanisms are linear, else undefined. */
  predictMoments(features: ArrayLike<number>): PredictedMoments | undefined {
    const [best] = this.members as [GimMember];
    return best.mechanisms.basis.name === 'linear' ? this.#linearMoments(best, features) : undefined;
  }

  /** [n, d]: cells of unknown targets: every row has its own member, targets and shifts. */
  sample(features: ArrayLike<number>, rows: number, stream: RandomStream): Float64Array {
    const values = new Float64Array(rows * this.size);
    const weights = this.members.map(({ weight }) => weight);
    const counts = new Int32Array(this.members.length);
    for (let row = 0; row < rows; row++) counts[stream.weightedIndex(weights)]!++;
    let offset = 0;
    this.members.forEach((member, index) => {
      values.set(this.#sampleMember(member, features, { rows: counts[index]!, stream }), offset);
      offset += counts[index]! * this.size;
    });
    return values;
  }

  #sampleMember(
    member: GimMember,
    features: ArrayLike<number>,
    { rows, stream }: { readonly rows: number; readonly stream: RandomStream },
  ): Float64Array {
    const { probabilities, shifts, shiftDeviations } = this.#belief(member, features);
    const drawn = new Float64Array(rows * this.size);
    for (let entry = 0; entry < drawn.length; entry++) {
      const j = entry % this.size;
      const noise = stream.normal();
      if (stream.bernoulli(probabilities[j]!)) drawn[entry] = shifts[j]! + shiftDeviations[j]! * noise;
    }
    return sampleMechanisms(member.mechanisms, drawn, stream);
  }

  #linearMoments(member: GimMember, features: ArrayLike<number>): PredictedMoments {
    const { mechanisms } = member;
    const { means, intercepts, deviations } = mechanisms;
    const linear = linearWeights(mechanisms);
    const moments = predictMoments(linear, this.#belief(member, features));
    const effects = totalEffects(linear.weights, this.size);
    const undisturbed = means.slice();
    intercepts.forEach((intercept, i) => {
      for (let j = 0; j < undisturbed.length; j++)
        undisturbed[j]! += effects[i * this.size + j]! * intercept * deviations[i]!;
    });
    return { ...moments, mean: moments.mean.map((value, j) => value + undisturbed[j]!) };
  }

  #belief(member: GimMember, features: ArrayLike<number>): ShiftBelief {
    return {
      probabilities: targetProbabilities(member.targets, this.descriptors.describe(features)),
      shifts: this.#shiftsOf(member, features),
      shiftDeviations: member.shifts.units.map((unit) => unit * member.shiftDeviation),
    };
  }

  #shiftsOf({ shifts }: GimMember, features: ArrayLike<number>): Float64Array {
    return readShifts(shifts, this.descriptors.describe(features), this.descriptors.dose(features) ?? 0);
  }

  #average(of: (member: GimMember) => Float64Array): Float64Array {
    const sum = new Float64Array(this.size);
    for (const member of this.members) {
      const own = of(member);
      for (let j = 0; j < sum.length; j++) sum[j]! += member.weight * own[j]!;
    }
    return sum;
  }

  #meanOf(rows: Float64Array): Float64Array {
    const sum = new Float64Array(this.size);
    for (let entry = 0; entry < rows.length; entry++) sum[entry % this.size]! += rows[entry]!;
    return sum.map((value) => (value * this.size) / rows.length);
  }
}

/** Weights and noise of linear mechanisms in the units of the data. */
export function linearWeights({ parents, coefficients, noise, deviations }: Mechanisms): LinearMechanisms {
  const size = parents.length;
  const weights = new Float64Array(size * size);
  parents.forEach((list, child) => {
    list.forEach((parent, position) => {
      weights[parent * size + child] = (coefficients[child]![position]! * deviations[child]!) / deviations[parent]!;
    });
  });
  return { weights, noise: noise.map((deviation, j) => deviation * deviations[j]!) };
}
