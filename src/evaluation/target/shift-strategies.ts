import type { Intervention } from '../../../core/causal/intervention.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';
import { shiftOf } from '../../../envs/target/target-instance.js';
import { proposeShift, randomShift, SHIFT_CRITERIA, type TargetState } from '../../../models/civ/propose-shift.js';
import type { DesignContext, DesignStrategy } from '../strategy.js';

export const RANDOM_SHIFT = 'random-shift';

/** Strategies made for the target task: every acquisition criterion, and a random shift. */
export const SHIFT_STRATEGY_NAMES: readonly string[] = [...SHIFT_CRITERIA, RANDOM_SHIFT];

/** @throws CausalPilotError E_CONFIG for a name that is not in `SHIFT_STRATEGY_NAMES`. */
export function createShiftStrategy(name: string): DesignStrategy {
  if (!SHIFT_STRATEGY_NAMES.includes(name))
    throw new CausalPilotError(
      'E_CONFIG',
      `strategies: unknown strategy '${name}' of the target task; choose among ${SHIFT_STRATEGY_NAMES.join(', ')}`,
    );
  const choose = (state: TargetState, stream: RandomStream): Float64Array =>
    name === RANDOM_SHIFT
      ? randomShift(state.feasible, state.posterior.size, stream)
      : proposeShift(name, state, stream).shift;
  return {
    name,
    tasks: ['target'],
    knowledge: [],
    propose: ({ goals, streams }: DesignContext): Intervention[] => {
      if (goals === undefined)
        throw new CausalPilotError('E_STATE', `${name}: serves the target task only, where 'goals' are given`);
      return goals.map((goal, system) => shiftOf(choose(goal, streams[system]!)));
    },
  };
}
