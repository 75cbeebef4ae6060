import { fullStrength, simpleDesign } from './simple-design.js';
import { leastTargeted } from './target-choices.js';

/**
 * `targetsPerRound` targets at the largest allowed value with random signs, every variable once before any is used again.
 * The order within a turn is random, so that a strategy gains nothing from how a user happened to number the variables.
 */
const roundRobin = (name: string, targetsPerRound: number) =>
  simpleDesign(name, { targets: leastTargeted(targetsPerRound), values: fullStrength });

export const roundRobinFull = roundRobin('round-robin-full', 1);

/** Every variable is moved twice as often as with single targets: stronger while rounds are scarce. */
export const roundRobinPairsFull = roundRobin('round-robin-pairs-full', 2);

export const roundRobinTriplesFull = roundRobin('round-robin-triples-full', 3);

export const roundRobinFivesFull = roundRobin('round-robin-fives-full', 5);
