import { interveneWhereNonZero } from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { type GoalState, proposeShift, randomShift, SHIFT_CRITERIA } from '../civ/propose-shift.js';
import type { DesignStrategy, GoalContext } from '../design-strategy.js';

type ShiftChoice = (context: GoalContext, system: number, stream: RandomStream) => Float64Array;

/** A random shift among those that may be performed: the reference of the goal task. */
export const randomShiftStrategy = shiftStrategy('random-shift', [], ({ goals, histories }, system, stream) =>
  randomShift(goals[system]!.feasible, histories[system]!.size, stream),
);

/** The acquisition criteria of CIV and its relatives, which regress on a known graph. */
export const criterionStrategies: readonly DesignStrategy<GoalContext>[] = SHIFT_CRITERIA.map((criterion) =>
  shiftStrategy(
    criterion,
    ['graph'],
    (context, system, stream) => proposeShift(criterion, goalState(criterion, context, system), stream).shift,
  ),
);

/** Chooses shifts; where knockouts are asked for, those of the variables that the shift moves. */
function shiftStrategy(
  name: string,
  knowledge: DesignStrategy['knowledge'],
  choose: ShiftChoice,
): DesignStrategy<GoalContext> {
  return {
    name,
    tasks: ['goal'],
    knowledge,
    propose: (context) => {
      const { interventionKind, streams } = context;
      if (interventionKind !== 'shift' && interventionKind !== 'knockout')
        throw new CausalPilotError(
          'E_INPUT',
          `${name}: chooses shifts and knockouts, not interventions of kind '${interventionKind}'`,
        );
      return streams.map((stream, system) => interveneWhereNonZero(interventionKind, choose(context, system, stream)));
    },
  };
}

function goalState(name: string, { goals, regressions }: GoalContext, system: number): GoalState {
  const [goal, posterior] = [goals[system], regressions?.[system]];
  if (goal === undefined || posterior === undefined)
    throw new CausalPilotError('E_STATE', `${name}: needs a goal and a regression on the known graph for every system`);
  return { ...goal, posterior };
}
