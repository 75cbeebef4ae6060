import { describe, expect, test } from 'vitest';
import type { History } from '../../../../core/causal/history.js';
import { observe } from '../../../../core/causal/intervention.js';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import type { DesignStrategy } from '../../../../models/design-strategy.js';
import { evaluateStrategies, type HarnessOptions } from '../../../../src/evaluation/harness/harness.js';
import type { StrategyScores } from '../../../../src/evaluation/scores/scores.js';
import { createStrategies, SIMPLE_STRATEGY_NAMES } from '../../../../src/evaluation/strategies/registry.js';
import { STRUCTURE_METRICS, StructureTask } from '../../../../src/evaluation/structure/structure-task.js';
import { CorrelationPosterior } from '../correlation-posterior.js';

interface Setting {
  readonly variables?: number;
  readonly degree?: number;
  readonly initialRows?: number;
  readonly budget?: number;
  readonly seed?: number;
  readonly posterior?: CorrelationPosterior;
}

function structureTask(setting: Setting = {}): StructureTask {
  const { variables = 4, degree = 1, initialRows = 6, budget = 3, seed = 1 } = setting;
  const prior = { kind: 'linear-scm', variables, graph: { kind: 'erdos-renyi', degree } };
  return new StructureTask({
    environment: 'in-distribution',
    config: DesignEnvConfig.parse({ prior, initialRows, budget }),
    posterior: setting.posterior ?? new CorrelationPosterior(),
    seed,
  });
}

async function scoresOf(
  names: readonly string[],
  setting: Setting = {},
  options: Partial<HarnessOptions> = {},
): Promise<readonly StrategyScores[]> {
  const { scores } = await evaluateStrategies([structureTask(setting)], createStrategies(names), {
    systems: 12,
    batchSize: 5,
    ...options,
  });
  return scores;
}

describe('identical systems', () => {
  test('a strategy has the same figures alone and among others', async () => {
    const together = await scoresOf(SIMPLE_STRATEGY_NAMES);
    for (const [index, name] of SIMPLE_STRATEGY_NAMES.entries()) {
      const [alone] = await scoresOf([name]);
      expect(alone!.values).toEqual(together[index]!.values);
    }
  });

  test('the batch size does not matter', async () => {
    const [whole] = await scoresOf(['random'], {}, { batchSize: 12 });
    const [single] = await scoresOf(['random'], {}, { batchSize: 1 });
    expect(single!.values).toEqual(whole!.values);
  });

  test('before the first experiment all strategies have the same figures, afterwards they differ', async () => {
    const [first, second] = await scoresOf(['random', 'round-robin-full']);
    expect(first!.column('return', 0)).toEqual(second!.column('return', 0));
    expect(first!.column('return', 3)).not.toEqual(second!.column('return', 3));
  });

  test('strategies that do the same see the same measurements, whatever their names', async () => {
    const seen = new Map<string, Float32Array[]>();
    const watching = (name: string): DesignStrategy => ({
      name,
      tasks: ['structure'],
      knowledge: [],
      propose: ({ histories, step }) => {
        if (step === 2) seen.set(name, [...(seen.get(name) ?? []), ...histories.map(({ values }) => values.slice())]);
        return histories.map(({ size }) => observe(size));
      },
    });
    await evaluateStrategies([structureTask()], [watching('one'), watching('two')], { systems: 4 });
    expect(seen.get('one')).toHaveLength(4);
    expect(seen.get('one')).toEqual(seen.get('two'));
  });

  test('another evaluation seed gives other systems', async () => {
    const [first] = await scoresOf(['random'], { seed: 1 });
    const [second] = await scoresOf(['random'], { seed: 2 });
    expect(first!.column('return', 0)).not.toEqual(second!.column('return', 0));
  });
});

describe('figures', () => {
  test('one posterior call per batch, strategy and round', async () => {
    const posterior = new CorrelationPosterior();
    await scoresOf(['random', 'observational'], { posterior, budget: 3 }, { systems: 12, batchSize: 5 });
    expect(posterior.calls).toBe(3 * 2 * 4);
  });

  test('return and expected SHD are consistent with their bounds, rankings lie in [0, 1]', async () => {
    const [scores] = await scoresOf(['random'], { variables: 4 });
    for (const round of [0, 1, 2, 3]) {
      for (const value of scores!.column('return', round)) expect(value).toBeGreaterThanOrEqual(4);
      for (const value of scores!.column('return', round)) expect(value).toBeLessThanOrEqual(16);
      for (const value of scores!.column('expectedShd', round)) expect(value).toBeLessThanOrEqual(6);
      for (const metric of ['auprc', 'auroc', 'edgeF1'])
        for (const value of scores!.column(metric, round))
          if (!Number.isNaN(value)) expect(value >= 0 && value <= 1).toBe(true);
    }
  });

  test('an empty graph leaves the ranking metrics undefined and the others defined', async () => {
    const [scores] = await scoresOf(['random'], { degree: 0 });
    expect(scores!.column('auprc', 1).every(Number.isNaN)).toBe(true);
    expect(scores!.column('auroc', 1).every(Number.isNaN)).toBe(true);
    expect(scores!.column('return', 1).every(Number.isFinite)).toBe(true);
  });

  test('T = 0 takes the figures of the initial rows only', async () => {
    const [scores] = await scoresOf(['random'], { budget: 0 });
    expect(scores!.key.rounds).toBe(0);
    expect(scores!.column('return', 0).every(Number.isFinite)).toBe(true);
    expect(() => scores!.column('return', 1)).toThrow("no metric 'return' at round 1");
  });

  test('n0 = 0 and d = 1 work', async () => {
    const [empty] = await scoresOf(['random'], { initialRows: 0 });
    expect(empty!.column('return', 0).every(Number.isFinite)).toBe(true);
    const [single] = await scoresOf(['round-robin-full'], { variables: 1 });
    expect([...single!.column('return', 3)]).toEqual(Array(12).fill(1));
    expect(single!.column('auprc', 3).every(Number.isNaN)).toBe(true);
  });

  test('only a strategy that may know the graph is told it', async () => {
    const told: boolean[] = [];
    const asking = (knowledge: readonly 'graph'[]): DesignStrategy => ({
      name: `knows-${knowledge.length}`,
      tasks: ['structure'],
      knowledge,
      propose: (context) => {
        told.push(context.graphs?.length === context.histories.length);
        return context.histories.map(({ size }: History) => observe(size));
      },
    });
    await evaluateStrategies([structureTask({ budget: 1 })], [asking([]), asking(['graph'])], { systems: 2 });
    expect(told).toEqual([false, true]);
  });
});

describe('interruption', () => {
  test('an interrupted evaluation that is resumed has the figures of a straight one', async () => {
    const names = ['random', 'round-robin-full', 'observational'];
    const straight = await scoresOf(names);
    let questions = 0;
    const strategies = createStrategies(names);
    const options = { systems: 12, batchSize: 5 };
    const stopped = await evaluateStrategies([structureTask()], strategies, {
      ...options,
      interrupted: () => questions++ === 4,
    });
    expect(stopped.status).toBe('interrupted');
    expect(stopped.scores.map(({ completed }) => completed)).toEqual([10, 5, 5]);
    const resumed = await evaluateStrategies([structureTask()], strategies, {
      ...options,
      batchSize: 4,
      resume: stopped.scores,
    });
    expect(resumed.status).toBe('finished');
    expect(resumed.scores.map(({ values }) => values)).toEqual(straight.map(({ values }) => values));
  });

  test('progress counts systems over all strategies', async () => {
    const seen: [number, number][] = [];
    await scoresOf(['random', 'observational'], {}, { onProgress: (done, total) => seen.push([done, total]) });
    expect(seen).toEqual([5, 10, 15, 20, 22, 24].map((done) => [done, 24]));
  });
});

describe('bad input', () => {
  test('refuses a strategy that does not serve the task', async () => {
    const stranger: DesignStrategy = { name: 'stranger', tasks: ['goal'], knowledge: [], propose: () => [] };
    await expect(evaluateStrategies([structureTask()], [stranger], { systems: 1 })).rejects.toThrow(
      "'stranger' does not serve the task 'structure' (it serves goal)",
    );
  });

  test('refuses a number of systems that is none', async () => {
    await expect(scoresOf(['random'], {}, { systems: 0 })).rejects.toThrow('evaluation.systems');
    await expect(scoresOf(['random'], {}, { batchSize: 1.5 })).rejects.toThrow('evaluation.batchSize');
  });

  test('a strategy that proposes too little is named by the environment', async () => {
    const short: DesignStrategy = { name: 'short', tasks: ['structure'], knowledge: [], propose: () => [] };
    await expect(evaluateStrategies([structureTask()], [short], { systems: 2 })).rejects.toThrow('interventions');
  });
});

test('the metrics are those of the paper and the log posterior', () => {
  expect(STRUCTURE_METRICS).toEqual(['return', 'expectedShd', 'auprc', 'edgeF1', 'auroc', 'logPosterior']);
});
