import { CausalPilotError } from '../../../core/errors.js';
import type { DesignContext, DesignStrategy, GoalContext, TaskKind } from '../../../models/design-strategy.js';
import type { ExactPosteriorName } from '../../../models/posterior/posterior-sources.js';
import { fixedSequence } from '../../../models/strategies/fixed-sequence.js';
import { type LookaheadOptions, lookahead } from '../../../models/strategies/lookahead.js';
import { observational } from '../../../models/strategies/observational.js';
import {
  random,
  randomFull,
  randomSingle,
  randomSingleFull,
  randomZero,
} from '../../../models/strategies/random-designs.js';
import {
  roundRobinFivesFull,
  roundRobinFull,
  roundRobinPairsFull,
  roundRobinTriplesFull,
} from '../../../models/strategies/round-robin.js';
import { criterionStrategies, randomShiftStrategy } from '../../../models/strategies/shift-strategies.js';
import { type PolicyLike, trainedPolicy } from '../../../models/strategies/trained-policy.js';

/** The best sequence of experiments that does not look, found before the evaluation. */
export const BEST_FIXED = 'best-fixed';

/** The strategies that plan with an exact posterior, by name, and which. */
const PLANNERS: ReadonlyMap<string, ExactPosteriorName> = new Map([
  [BEST_FIXED, 'exact'],
  ['lookahead', 'exact'],
  ['lookahead-scale-free', 'scale-free'],
]);

/** What some strategies are made from. */
export interface StrategyResources {
  readonly policy?: PolicyLike;
  /** What planners plan with, by the name of the strategy. */
  readonly planners?: ReadonlyMap<string, Omit<LookaheadOptions, 'name'>>;
  /** The experiments of the best fixed sequence, signed sets of targets. */
  readonly sequence?: readonly Int8Array[];
}

interface StrategyEntry<Context extends DesignContext> {
  /** Words for tables and figures. */
  readonly label: string;
  /** What it is made from, if anything. */
  readonly needs?: keyof StrategyResources;
  create(resources: StrategyResources): DesignStrategy<Context>;
}

type Listed<Context extends DesignContext> = [string, StrategyEntry<Context>];

function simple<Context extends DesignContext>(label: string, strategy: DesignStrategy<Context>): Listed<Context> {
  return [strategy.name, { label, create: () => strategy }];
}

function trained(name: string, label: string, mode: 'stochastic' | 'deterministic'): Listed<DesignContext> {
  return [
    name,
    { label, needs: 'policy', create: ({ policy }) => trainedPolicy(name, requirePolicy(name, policy), mode) },
  ];
}

function planner(name: string, label: string): Listed<DesignContext> {
  return [
    name,
    { label, needs: 'planners', create: ({ planners }) => lookahead({ name, ...requirePlanner(name, planners) }) },
  ];
}

/** Strategies that serve every task. */
const STRATEGIES: ReadonlyMap<string, StrategyEntry<DesignContext>> = new Map([
  trained('policy', 'policy', 'stochastic'),
  trained('policy-deterministic', 'policy, deterministic', 'deterministic'),
  simple('round-robin, full strength', roundRobinFull),
  simple('round-robin of pairs, full strength', roundRobinPairsFull),
  simple('random targets, full strength', randomFull),
  simple('random targets, random values', random),
  simple('one random target', randomSingle),
  simple('random targets, value 0', randomZero),
  simple('observational', observational),
  simple('round-robin of triples, full strength', roundRobinTriplesFull),
  simple('round-robin of fives, full strength', roundRobinFivesFull),
  simple('one random target, full strength', randomSingleFull),
  [
    BEST_FIXED,
    {
      label: 'best fixed sequence',
      needs: 'sequence',
      create: ({ sequence }) => fixedSequence(BEST_FIXED, requireSequence(sequence)),
    },
  ],
  planner('lookahead', 'one step ahead, exact posterior'),
  planner('lookahead-scale-free', 'one step ahead, scale-free posterior'),
]);

/** Strategies that need a goal. */
const GOAL_STRATEGIES: ReadonlyMap<string, StrategyEntry<GoalContext>> = new Map([
  ...criterionStrategies.map((strategy) => simple(strategy.name, strategy)),
  simple(randomShiftStrategy.name, randomShiftStrategy),
]);

/** Names of the strategies that serve a task; trained policies first. */
export function strategyNames(task: TaskKind): readonly string[] {
  return [...STRATEGIES.keys(), ...(task === 'goal' ? GOAL_STRATEGIES.keys() : [])];
}

/** Strategies that neither learn, plan nor have a goal: what a policy has to beat. */
export const SIMPLE_STRATEGY_NAMES: readonly string[] = [...STRATEGIES]
  .filter(([, { needs }]) => needs === undefined)
  .map(([name]) => name);

/**
 * Strategies of the structure task by name, in the order given.
 *
 * @throws CausalPilotError E_CONFIG for an unknown or repeated name, one that needs a goal, or a policy that is missing.
 */
export function createStrategies(names: readonly string[], resources: StrategyResources = {}): DesignStrategy[] {
  requireDifferent(names);
  return names.map((name) => requireEntry(STRATEGIES, name, 'structure').create(resources));
}

/** The same of the goal task, which the strategies of the structure task serve too. */
export function createGoalStrategies(
  names: readonly string[],
  resources: StrategyResources = {},
): DesignStrategy<GoalContext>[] {
  requireDifferent(names);
  const all = new Map<string, StrategyEntry<GoalContext>>([...STRATEGIES, ...GOAL_STRATEGIES]);
  return names.map((name) => requireEntry(all, name, 'goal').create(resources));
}

/** The names, and the reference after them where it is not among them: it is always played, to be compared with. */
export function withReference(names: readonly string[], reference: string): readonly string[] {
  return names.includes(reference) ? names : [...names, reference];
}

/** Whether the strategy of that name is made from a trained policy. */
export function needsPolicy(name: string): boolean {
  return STRATEGIES.get(name)?.needs === 'policy';
}

/** The posterior that the strategy of that name plans with, before or during the evaluation, if it plans. */
export function plansWith(name: string): ExactPosteriorName | undefined {
  return PLANNERS.get(name);
}

/** Words for a strategy's name; a strategy that is not in the registry is called by its name. */
export function strategyLabel(name: string): string {
  return (STRATEGIES.get(name) ?? GOAL_STRATEGIES.get(name))?.label ?? name;
}

function requireDifferent(names: readonly string[]): void {
  const repeated = names.find((name, position) => names.indexOf(name) !== position);
  if (repeated !== undefined)
    throw new CausalPilotError('E_CONFIG', `strategies: '${repeated}' is listed twice; name it once`);
}

function requireEntry<Context extends DesignContext>(
  entries: ReadonlyMap<string, StrategyEntry<Context>>,
  name: string,
  task: TaskKind,
): StrategyEntry<Context> {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const problem = GOAL_STRATEGIES.has(name)
    ? `'${name}' needs a goal and does not serve the task '${task}'`
    : `unknown strategy '${name}'`;
  throw new CausalPilotError('E_CONFIG', `strategies: ${problem}; choose among ${[...entries.keys()].join(', ')}`);
}

function requirePolicy(name: string, policy: PolicyLike | undefined): PolicyLike {
  if (policy === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `strategies: '${name}' needs a trained policy; give one with --policy FOLDER or leave the strategy out`,
    );
  return policy;
}

function requirePlanner(name: string, planners: StrategyResources['planners']): Omit<LookaheadOptions, 'name'> {
  const options = planners?.get(name);
  if (options === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `strategies: '${name}' needs an exact posterior to plan with, which is not given`,
    );
  return options;
}

function requireSequence(sequence: StrategyResources['sequence']): readonly Int8Array[] {
  if (sequence === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `strategies: '${BEST_FIXED}' is searched for the structure task alone and there is no sequence here; leave it out`,
    );
  return sequence;
}
