import { beforeAll, describe, expect, test } from 'vitest';
import { History } from '../../../../core/causal/history.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import { UNIT_BALL } from '../../../../models/civ/feasible-set.js';
import { PUBLISHED_SEARCH } from '../../../../models/civ/minimise-acquisition.js';
import type { DesignContext, DesignStrategy, GoalContext } from '../../../../models/design-strategy.js';
import { DesignPolicy } from '../../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../../models/policy/policy-config.js';
import { exactPosteriorBySize } from '../../../../models/posterior/exact/environment-posterior.js';
import { GoalStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';
import { GoalTask } from '../../../../src/evaluation/goal/goal-task.js';
import { evaluateStrategies } from '../../../../src/evaluation/harness/harness.js';
import {
  createGoalStrategies,
  createStrategies,
  type StrategyResources,
  strategyNames,
} from '../../../../src/evaluation/strategies/registry.js';
import { StructureTask } from '../../../../src/evaluation/structure/structure-task.js';
import { CorrelationPosterior } from '../correlation-posterior.js';

const SIZE = 4;
const sequence = [Int8Array.of(1, 0, 0, -1), Int8Array.of(0, 1, 1, 0)];
let policies: ReadonlyMap<number, DesignPolicy>;
let planners: NonNullable<StrategyResources['planners']>;

beforeAll(async () => {
  const environment = DesignEnvConfig.parse({ prior: { kind: 'linear-scm', variables: SIZE }, budget: 3 });
  const effort = { evaluations: 20, mostTargets: 2, candidates: 8, rowsPerExperiment: 1 };
  const [exact, scaleFree] = await Promise.all([
    exactPosteriorBySize('exact', environment),
    exactPosteriorBySize('scale-free', environment),
  ]);
  planners = new Map([
    ['lookahead', { ...effort, posteriorOf: exact }],
    ['lookahead-scale-free', { ...effort, posteriorOf: scaleFree }],
  ]);
  const config = PolicyConfig.parse({ width: 8, heads: 2, pairs: 1, hidden: [8] });
  policies = new Map(
    [1, 2].map((channels) => [channels, new DesignPolicy(config, channels, new RandomStream('policy'))]),
  );
});

/** A context whose told parts refuse to be looked at. */
function withholding(overrides: Partial<GoalContext> = {}): GoalContext {
  const refuse = () => {
    throw new Error('looked at what it does not declare');
  };
  const context = {
    histories: [new History(SIZE), new History(SIZE)],
    step: 0,
    budget: 3,
    interventionKind: 'shift' as const,
    valueRange: 1,
    streams: [new RandomStream('contract/0'), new RandomStream('contract/1')],
    goals: [1, 2].map(() => ({
      goalMean: Float64Array.of(1, 0, 0, 0),
      feasible: UNIT_BALL,
      rows: 1,
      tried: [],
      effort: PUBLISHED_SEARCH,
    })),
    ...overrides,
  };
  return Object.defineProperties(context, { graphs: { get: refuse }, regressions: { get: refuse } });
}

describe.each(strategyNames('goal'))('%s', (name) => {
  const create = (kind: DesignContext['interventionKind']) =>
    createGoalStrategies([name], {
      policy: policies.get(kind === 'knockout' || kind === 'knockdown' ? 1 : 2)!,
      planners,
      sequence,
    })[0]!;

  test('is told no more than it declares', () => {
    const strategy = create('shift');
    const propose = () => strategy.propose(withholding());
    if (strategy.knowledge.includes('graph')) expect(propose).toThrow('looked at what it does not declare');
    else expect(propose()).toHaveLength(2);
  });

  test.each(['do', 'shift', 'knockout', 'knockdown'] as const)(
    'asked for %s, returns it, or says that it cannot',
    (kind) => {
      const strategy = create(kind);
      if (strategy.knowledge.includes('graph')) return;
      let proposed: ReturnType<DesignStrategy['propose']>;
      try {
        proposed = strategy.propose(withholding({ interventionKind: kind }));
      } catch (error) {
        expect(String(error)).toMatch(
          /(chooses shifts and knockouts, not interventions of kind '(do|knockdown)'|plans .+, not of kind 'knock(out|down)')/,
        );
        return;
      }
      for (const intervention of proposed) expect([kind, 'none']).toContain(intervention.kind);
    },
  );

  test('leaves forbidden variables alone', () => {
    const strategy = create('do');
    if (!strategy.tasks.includes('structure')) return;
    const allowedTargets = [Uint8Array.of(0, 1, 0, 1), Uint8Array.of(1, 0, 0, 0)];
    for (let draw = 0; draw < 10; draw++) {
      const streams = [0, 1].map((system) => new RandomStream(`mask/${draw}/${system}`));
      strategy
        .propose(withholding({ interventionKind: 'do', allowedTargets, streams }))
        .forEach(({ targets }, system) => {
          targets.forEach((flag, variable) => {
            expect(flag).toBeLessThanOrEqual(allowedTargets[system]![variable]!);
          });
        });
    }
  });
});

test('every strategy that the goal task knows plays it with what it declares', async () => {
  const study = GoalStudyConfig.parse({
    study: 'synthetic',
    runs: 2,
    budget: 2,
    workers: 0,
    settings: [{ name: 'small', instance: { variables: SIZE, targets: 2 } }],
  });
  if (study.study !== 'synthetic') throw new Error('a synthetic study was asked for');
  const task = new GoalTask({ study, setting: study.settings[0]! });
  const strategies = createGoalStrategies(strategyNames('goal'), { policy: policies.get(2)!, planners, sequence });
  const { scores } = await evaluateStrategies([task], strategies, { systems: 1 });
  expect(scores.map(({ completed }) => completed)).toEqual(strategies.map(() => 1));
});

test('a strategy that needs a goal does not compile where there is none', async () => {
  const config = DesignEnvConfig.parse({ prior: { kind: 'linear-scm', variables: SIZE }, initialRows: 4, budget: 1 });
  const task = new StructureTask({ environment: 'training', config, posterior: new CorrelationPosterior(), seed: 1 });
  const [civ] = createGoalStrategies(['civ']);
  // @ts-expect-error: the structure task gives no goals
  await expect(evaluateStrategies([task], [civ!], { systems: 1 })).rejects.toThrow("'civ' does not serve the task");
  // @ts-expect-error: a strategy that reads goals is not one that serves every task
  const strategy: DesignStrategy = civ!;
  expect(strategy.name).toBe('civ');
  const [random] = createStrategies(['random']);
  const servesBoth: DesignStrategy<GoalContext> = random!;
  expect(servesBoth.tasks).toEqual(['structure', 'goal']);
});
