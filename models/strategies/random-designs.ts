import { fullStrength, noStrength, simpleDesign, uniformValues } from './simple-design.js';
import { oneRandomTarget, randomTargets } from './target-choices.js';

/** Random targets with uniform values: the random baseline of CAASL (arXiv:2405.16718), a uniform action. */
export const random = simpleDesign('random', { targets: randomTargets, values: uniformValues });

/** Random targets at the largest allowed value with random signs. */
export const randomFull = simpleDesign('random-full', { targets: randomTargets, values: fullStrength });

/** Random targets, all set (or shifted) to 0: interventions without strength. */
export const randomZero = simpleDesign('random-zero', { targets: randomTargets, values: noStrength });

/** One random target with a uniform value. */
export const randomSingle = simpleDesign('random-single', { targets: oneRandomTarget, values: uniformValues });

/** One random target at the largest allowed value. */
export const randomSingleFull = simpleDesign('random-single-full', { targets: oneRandomTarget, values: fullStrength });
