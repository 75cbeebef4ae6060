import { CausalPilotError } from '../errors.js';

// Shapes: n0 observational rows, n rows of a context, d variables, p features.

/** Rows measured under one perturbation whose targets are not known, and what is known of it. */
export interface PerturbationContext {
  /** [p]: what describes the perturbation, such as a compound's descriptor and the dose. */
  readonly features: Float64Array;
  /** Contexts of one group are the same perturbation at several doses. */
  readonly group: string;
  /** [n, d] */
  readonly values: Float64Array;
}

/** A screen of perturbations that are known by their features alone. */
export interface PerturbationData {
  /** d */
  readonly size: number;
  /** [n0, d] */
  readonly observational: Float64Array;
  readonly contexts: readonly PerturbationContext[];
  /** Which feature is a dose, 0 or more; the others then describe the perturbation at any dose. */
  readonly doseFeature?: number;
}

/** @throws CausalPilotError E_INPUT naming the context for rows, features or doses that do not fit. */
export function checkPerturbationData({ size, observational, contexts, doseFeature }: PerturbationData): void {
  checkRows('the observational rows', observational, size);
  const [first] = contexts;
  if (first === undefined) throw invalid('there is no context; give at least one perturbation');
  const width = first.features.length;
  if (doseFeature !== undefined && !(Number.isInteger(doseFeature) && doseFeature >= 0 && doseFeature < width))
    throw invalid(`the dose must be one of the ${width} features, got ${doseFeature}`);
  contexts.forEach(({ features, values }, index) => {
    const place = `context ${index}`;
    checkRows(place, values, size);
    if (features.length !== width) throw invalid(`${place} has ${features.length} features, context 0 has ${width}`);
    if (!features.every(Number.isFinite)) throw invalid(`${place} has a feature that is no finite number`);
    if (doseFeature !== undefined && features[doseFeature]! < 0)
      throw invalid(`${place} has dose ${features[doseFeature]}; doses must not be negative`);
  });
}

function checkRows(place: string, values: Float64Array, size: number): void {
  if (values.length < 2 * size || values.length % size !== 0)
    throw invalid(`${place} must hold two rows or more of ${size} values, got ${values.length} values`);
  if (!values.every(Number.isFinite)) throw invalid(`${place} must hold finite values`);
}

function invalid(problem: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', `perturbation data: ${problem}`);
}
