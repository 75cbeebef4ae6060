import type { Intervention } from '../../core/causal/intervention.js';
import type { CausalModel } from '../prior/causal-model.js';
import { LinearScm } from './linear-scm.js';

/**
 * Whether rows measured under `do` or `shift` are an affine function of the targets' values, noise and targets given:
 * linear mechanisms with noise whose scale does not depend on the parents.
 */
export function hasAffineResponse(model: CausalModel): model is LinearScm {
  return model instanceof LinearScm && model.noise.kind !== 'heteroskedastic';
}

/**
 * Derivative of a measured row in the values of the intervention: entry i * d + j of [d * d] is d y_j / d value_i, the total
 * effect of i on j in the mutilated graph for targets i, 0 for the others. The same for every row.
 */
export function valueEffects(model: LinearScm, intervention: Intervention): Float64Array {
  const { size } = model;
  const effects = model.totalEffects(intervention);
  for (let source = 0; source < size; source++)
    if (intervention.targets[source] === 0) effects.fill(0, source * size, (source + 1) * size);
  return effects;
}
