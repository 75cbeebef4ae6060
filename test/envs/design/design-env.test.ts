import { describe, expect, test } from 'vitest';
import { doIntervention, knockout, observe, shiftIntervention } from '../../../core/causal/intervention.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnv } from '../../../envs/design/design-env.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { potential, REWARD_KINDS } from '../../../envs/design/reward.js';
import { LinearScm } from '../../../envs/linear-scm/linear-scm.js';
import { CorrelationPosterior, constantPosterior } from '../toy-posteriors.js';

function environment(config: Record<string, unknown> = {}, variables = 4, degree = 1): DesignEnv {
  const prior = { kind: 'linear-scm', variables, graph: { degree } };
  const complete = DesignEnvConfig.parse({ prior, initialRows: 20, budget: 3, ...config });
  return DesignEnv.fromConfig(complete, new CorrelationPosterior());
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof CausalPilotError ? error.code : 'another error';
  }
  return undefined;
}

describe('an episode', () => {
  test('starts with n0 observational rows of a system drawn from the prior', () => {
    const env = environment();
    const state = env.reset(new RandomStream('episode/0'));
    expect(state.history.rows).toBe(20);
    expect(state.history.targets).toEqual(new Uint8Array(80));
    expect(env.model).toBeInstanceOf(LinearScm);
    expect(state.truncated).toBe(false);
    expect(state.terminated).toBe(false);
  });

  test('adds one row per experiment, with flags and exact do-values', () => {
    const env = environment();
    env.reset(new RandomStream('episode/0'));
    const { history } = env.step(doIntervention(4, { 1: -1, 2: 0.25 }));
    expect(history.rows).toBe(21);
    expect([...history.targets.slice(-4)]).toEqual([0, 1, 1, 0]);
    expect([...history.values.slice(-4)][1]).toBe(-1);
    expect([...history.values.slice(-4)][2]).toBe(0.25);
  });

  test('adds several rows per experiment where asked to', () => {
    const env = environment({ rowsPerExperiment: 3 });
    env.reset(new RandomStream('episode/0'));
    const { history } = env.step(doIntervention(4, { 1: 1 }));
    expect(history.rows).toBe(23);
    const rows = [20, 21, 22].map((row) => [...history.values.slice(row * 4, row * 4 + 4)]);
    expect(rows.map((row) => row[1])).toEqual([1, 1, 1]);
    expect(new Set(rows.map((row) => row.join())).size).toBe(3);
  });

  test.each(REWARD_KINDS)('%s: rewards are gains in potential and sum to the total gain', (reward) => {
    const env = environment({ reward });
    const start = env.reset(new RandomStream('episode/1'));
    let sum = 0;
    let last = start.potential;
    for (let t = 0; t < 3; t++) {
      const step = env.step(doIntervention(4, { [t]: 1 }));
      expect(step.reward).toBe(step.potential - last);
      expect(step.potential).toBe(potential(reward, step.edgeProbabilities, env.model!.graph));
      last = step.potential;
      sum += step.reward;
    }
    expect(sum).toBeCloseTo(last - start.potential, 10);
  });

  test('is truncated, not terminated, after T experiments', () => {
    const env = environment();
    env.reset(new RandomStream('episode/0'));
    const flags = [0, 1, 2].map(() => {
      const { terminated, truncated } = env.step(observe(4));
      return { terminated, truncated };
    });
    expect(flags.map(({ truncated }) => truncated)).toEqual([false, false, true]);
    expect(flags.some(({ terminated }) => terminated)).toBe(false);
  });

  test('depends on its stream and its interventions only', () => {
    const run = (env: DesignEnv, name: string) => {
      env.reset(new RandomStream(name));
      env.step(doIntervention(4, { 0: 1 }));
      return Array.from(env.step(doIntervention(4, { 3: -1 })).history.values);
    };
    const used = environment();
    run(used, 'another');
    expect(run(used, 'episode/2')).toEqual(run(environment(), 'episode/2'));
    expect(run(used, 'episode/2')).not.toEqual(run(used, 'episode/3'));
  });

  test('shift interventions are carried out where the environment says so', () => {
    const env = environment({ interventionKind: 'shift' });
    env.reset(new RandomStream('episode/0'));
    const { history } = env.step(shiftIntervention(4, { 1: 1 }));
    expect(history.values.at(-3)).not.toBe(1);
    expect(codeOf(() => env.step(doIntervention(4, { 1: 1 })))).toBe('E_INPUT');
  });
});

describe('misdirected targets', () => {
  test('the history keeps what was asked for, the system gets the opposite at flip probability 1', () => {
    const env = environment({ targetFlipProbability: 1 });
    env.reset(new RandomStream('episode/0'));
    const asked = { ...doIntervention(4, { 1: 1 }), values: Float32Array.of(0.5, 1, 0.25, -0.5) };
    const { history } = env.step(asked);
    const row = history.values.slice(-4);
    expect([...history.targets.slice(-4)]).toEqual([0, 1, 0, 0]);
    expect([row[0], row[2], row[3]]).toEqual([0.5, 0.25, -0.5]);
    expect(row[1]).not.toBe(1);
  });

  test('at probability 0.1 about a tenth of the targets is missed', () => {
    const env = environment({ targetFlipProbability: 0.1, budget: 500, initialRows: 0 });
    env.reset(new RandomStream('episode/0'));
    let missed = 0;
    for (let t = 0; t < 500; t++) {
      const { history } = env.step(doIntervention(4, { 2: 1 }));
      if (history.values.at(-2) !== 1) missed++;
    }
    expect(Math.abs(missed / 500 - 0.1)).toBeLessThan(4 * Math.sqrt(0.09 / 500));
  });
});

describe('extremes', () => {
  test('T = 0: no experiments, but an episode that can be scored', () => {
    const env = environment({ budget: 0 });
    const state = env.reset(new RandomStream('episode/0'));
    expect(state.truncated).toBe(true);
    expect(state.potential).toBeGreaterThan(0);
    expect(codeOf(() => env.step(observe(4)))).toBe('E_STATE');
  });

  test('n0 = 0: an empty history that experiments fill', () => {
    const env = environment({ initialRows: 0 });
    const state = env.reset(new RandomStream('episode/0'));
    expect(state.history.rows).toBe(0);
    expect(Number.isFinite(state.potential)).toBe(true);
    expect(env.step(doIntervention(4, { 0: 1 })).history.rows).toBe(1);
  });

  test('d = 1: the one entry is always right, every reward is 0', () => {
    const env = environment({}, 1);
    expect(env.reset(new RandomStream('episode/0')).potential).toBe(1);
    expect(env.step(doIntervention(1, { 0: 1 })).reward).toBe(0);
  });

  test.each(REWARD_KINDS)('a graph without edges works with reward %s', (reward) => {
    const env = environment({ reward }, 3, 0);
    env.reset(new RandomStream('episode/0'));
    expect(env.step(doIntervention(3, { 0: 1 })).reward).not.toBeNaN();
    expect(env.model!.graph.edgeCount).toBe(0);
  });
});

describe('refusals', () => {
  test('a step without reset or after the end says what to call', () => {
    const env = environment({ budget: 1 });
    expect(() => env.step(observe(4))).toThrow('no episode is running; call reset(streams) first');
    expect(codeOf(() => env.step(observe(4)))).toBe('E_STATE');
    env.reset(new RandomStream('episode/0'));
    env.step(observe(4));
    expect(() => env.step(observe(4))).toThrow('the budget of 1 experiments is spent; call reset(streams)');
    expect(codeOf(() => env.step(observe(4)))).toBe('E_STATE');
  });

  test('interventions that cannot be done leave the episode as it was', () => {
    const env = environment({ valueRange: 2 });
    const { history } = env.reset(new RandomStream('episode/0'));
    expect(() => env.step(doIntervention(4, { 0: 2.5 }))).toThrow('value of target 0 is 2.5, beyond valueRange 2');
    expect(() => env.step(knockout(4, [0]))).toThrow("kind 'knockout' is not supported here");
    expect(() => env.step(doIntervention(3, { 0: 1 }))).toThrow("'targets' must have 4 entries, got 3");
    expect(history.rows).toBe(20);
    expect(env.step(doIntervention(4, { 0: -2 })).history.rows).toBe(21);
  });

  test('edge probabilities that are not numbers stop the episode with its name', () => {
    const prior = { size: 2, sample: (stream: RandomStream) => environmentModel(stream) };
    const env = new DesignEnv({ prior, posterior: constantPosterior(Number.NaN), initialRows: 1 });
    expect(() => env.reset(new RandomStream('episode/9'))).toThrow("of episode 0 ('episode/9') is NaN after 0");
    expect(codeOf(() => env.reset(new RandomStream('episode/9')))).toBe('E_NUMERIC');
  });

  test('a posterior of another size is named', () => {
    const prior = { size: 2, sample: (stream: RandomStream) => environmentModel(stream) };
    const env = new DesignEnv({ prior, posterior: { edgeProbabilities: () => new Float32Array(9) } });
    expect(() => env.reset(new RandomStream('x'))).toThrow("'edgeProbabilities' must have shape [4], got [9]");
  });

  test('settings that cannot be used are named', () => {
    const prior = { size: 2, sample: (stream: RandomStream) => environmentModel(stream) };
    const make = () => new DesignEnv({ prior, posterior: constantPosterior(0.5), budget: -1, valueRange: 0 });
    expect(make).toThrow(/design environment: .*budget.*valueRange/);
    expect(codeOf(make)).toBe('E_CONFIG');
  });
});

function environmentModel(stream: RandomStream): LinearScm {
  const env = environment({}, 2);
  env.reset(stream);
  return env.model as LinearScm;
}

test('the default config is the published setting', () => {
  const { prior, ...settings } = DesignEnvConfig.parse({});
  expect(prior).toMatchObject({ kind: 'linear-scm', variables: 10 });
  expect(settings).toEqual({
    initialRows: 50,
    budget: 10,
    interventionKind: 'do',
    valueRange: 1,
    rowsPerExperiment: 1,
    targetFlipProbability: 0,
    reward: 'expectedCorrectEntries',
  });
  expect(DesignEnvConfig.safeParse({ bugdet: 3 }).success).toBe(false);
});
