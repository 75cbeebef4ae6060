import type { PerturbationContext, PerturbationData } from '../../../core/causal/perturbation-data.js';
import { checkShape } from '../../../core/errors.js';

// Shapes: p features, q descriptors (all features but the dose), U units (distinct descriptors).

/** A feature that varies less than this share of its size is as good as constant: it would explode when standardised. */
const SMALLEST_VARIATION = 1e-9;

/** Standardises features by the training contexts and takes the dose out. */
export class DescriptorScale {
  constructor(
    /** [p] */
    readonly means: Float64Array,
    readonly deviations: Float64Array,
    readonly doseFeature: number | undefined,
  ) {}

  static of({ contexts, doseFeature }: PerturbationData): DescriptorScale {
    const width = contexts[0]?.features.length ?? 0;
    const average = (term: (features: Float64Array, i: number) => number) =>
      Float64Array.from({ length: width }, (_, i) =>
        contexts.reduce((sum, { features }) => sum + term(features, i) / contexts.length, 0),
      );
    const means = average((features, i) => features[i]!);
    const variances = average((features, i) => (features[i]! - means[i]!) ** 2);
    const deviations = variances.map((variance, i) => {
      const deviation = Math.sqrt(variance);
      return deviation > SMALLEST_VARIATION * (1 + Math.abs(means[i]!)) ? deviation : 1;
    });
    return new DescriptorScale(means, deviations, doseFeature);
  }

  /** q */
  get width(): number {
    return this.means.length - (this.doseFeature === undefined ? 0 : 1);
  }

  /** [q] */
  describe(features: ArrayLike<number>): Float64Array {
    checkShape('gim', 'features', [features.length], [this.means.length]);
    return Float64Array.from(this.means, (mean, i) => (features[i]! - mean) / this.deviations[i]!).filter(
      (_, i) => i !== this.doseFeature,
    );
  }

  /** As it was measured; undefined where no feature is a dose. */
  dose(features: ArrayLike<number>): number | undefined {
    return this.doseFeature === undefined ? undefined : features[this.doseFeature];
  }
}

/** Contexts with the same descriptors: one perturbation at its doses. */
export interface Unit {
  /** [q] */
  readonly descriptors: Float64Array;
  readonly group: string;
  /** Positions of its contexts. */
  readonly contexts: readonly number[];
}

export function unitsOf(contexts: readonly PerturbationContext[], scale: DescriptorScale): Unit[] {
  const found = new Map<string, Unit & { contexts: number[] }>();
  contexts.forEach(({ features, group }, k) => {
    const descriptors = scale.describe(features);
    const key = descriptors.join();
    const known = found.get(key);
    if (known === undefined) found.set(key, { descriptors, group, contexts: [k] });
    else known.contexts.push(k);
  });
  return [...found.values()];
}
