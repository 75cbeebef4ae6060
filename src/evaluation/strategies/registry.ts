import { CausalPilotError } from '../../../core/errors.js';
import type { DesignStrategy } from '../strategy.js';
import { observational } from './observational.js';
import { random } from './random.js';
import { randomFull } from './random-full.js';
import { randomSingle } from './random-single.js';
import { randomZero } from './random-zero.js';
import { roundRobinFull, roundRobinPairsFull } from './round-robin.js';
import { type PolicyLike, trainedPolicy } from './trained-policy.js';

/** What some strategies are made from. */
export interface StrategyResources {
  readonly policy?: PolicyLike;
}

interface StrategyEntry {
  /** Words for tables and figures. */
  readonly label: string;
  readonly needsPolicy: boolean;
  create(resources: StrategyResources): DesignStrategy;
}

const simple = (label: string, strategy: DesignStrategy): [string, StrategyEntry] => [
  strategy.name,
  { label, needsPolicy: false, create: () => strategy },
];

const trained = (name: string, label: string, mode: 'stochastic' | 'deterministic'): [string, StrategyEntry] => [
  name,
  { label, needsPolicy: true, create: ({ policy }) => trainedPolicy(name, requirePolicy(name, policy), mode) },
];

const STRATEGIES: ReadonlyMap<string, StrategyEntry> = new Map([
  trained('policy', 'policy', 'stochastic'),
  trained('policy-deterministic', 'policy, deterministic', 'deterministic'),
  simple('round-robin, full strength', roundRobinFull),
  simple('round-robin of pairs, full strength', roundRobinPairsFull),
  simple('random targets, full strength', randomFull),
  simple('random targets, random values', random),
  simple('one random target', randomSingle),
  simple('random targets, value 0', randomZero),
  simple('observational', observational),
]);

/** Names that `createStrategies` knows, trained policies first. */
export const STRATEGY_NAMES: readonly string[] = [...STRATEGIES.keys()];

/** Strategies that need no training: what a policy has to beat. */
export const SIMPLE_STRATEGY_NAMES: readonly string[] = STRATEGY_NAMES.filter((name) => !needsPolicy(name));

/**
 * Strategies by name, in the order given.
 *
 * @throws CausalPilotError E_CONFIG for an unknown or repeated name, or if a policy is needed and none was given.
 */
export function createStrategies(names: readonly string[], resources: StrategyResources = {}): DesignStrategy[] {
  const repeated = names.find((name, position) => names.indexOf(name) !== position);
  if (repeated !== undefined)
    throw new CausalPilotError('E_CONFIG', `evaluation.strategies: '${repeated}' is listed twice; name it once`);
  return names.map((name) => requireEntry(name).create(resources));
}

/** @throws CausalPilotError E_CONFIG for an unknown name. */
export function needsPolicy(name: string): boolean {
  return requireEntry(name).needsPolicy;
}

/** Words for a strategy's name; a strategy that is not in the registry is called by its name. */
export function strategyLabel(name: string): string {
  return STRATEGIES.get(name)?.label ?? name;
}

function requireEntry(name: string): StrategyEntry {
  const entry = STRATEGIES.get(name);
  if (entry === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `evaluation.strategies: unknown strategy '${name}'; choose among ${STRATEGY_NAMES.join(', ')}`,
    );
  return entry;
}

function requirePolicy(name: string, policy: PolicyLike | undefined): PolicyLike {
  if (policy === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `evaluation.strategies: '${name}' needs a trained policy; give one with --policy FOLDER or leave the strategy out`,
    );
  return policy;
}
