import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doIntervention, type Intervention } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnv } from '../../../envs/design/design-env.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { VectorDesignEnv } from '../../../envs/design/vector-design-env.js';
import { CorrelationPosterior } from '../toy-posteriors.js';

const config = DesignEnvConfig.parse({
  prior: { kind: 'linear-scm', variables: 3, graph: { degree: 1 } },
  initialRows: 10,
  budget: 3,
});

/** What episode `name` does in round t, whatever runs beside it. */
function actionOf(name: string, t: number): Intervention {
  const stream = new RandomStream(`actions/${name}/${t}`);
  return doIntervention(3, { [stream.integer(3)]: stream.sign() });
}

function run(names: readonly string[]): { values: number[]; rewards: number[] }[] {
  const env = VectorDesignEnv.fromConfig(config, new CorrelationPosterior());
  let state = env.reset(names.map((name) => new RandomStream(name)));
  const rewards: number[][] = names.map(() => []);
  for (let t = 0; !state.truncated; t++) {
    const step = env.step(names.map((name) => actionOf(name, t)));
    step.rewards.forEach((reward, k) => {
      rewards[k]!.push(reward);
    });
    state = step;
  }
  return names.map((_, k) => ({ values: Array.from(state.histories[k]!.values), rewards: rewards[k]! }));
}

describe('VectorDesignEnv', () => {
  test('an episode is the same alone, beside others, and in any place', () => {
    const names = fc.uniqueArray(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(names, (all) => {
        const together = run(all);
        all.forEach((name, k) => {
          expect(together[k]).toEqual(run([name])[0]);
        });
        expect(run(all.toReversed())).toEqual(together.toReversed());
      }),
      { numRuns: 25 },
    );
  });

  test('equals DesignEnv', () => {
    const env = DesignEnv.fromConfig(config, new CorrelationPosterior());
    env.reset(new RandomStream('same'));
    const rewards = [0, 1, 2].map((t) => env.step(actionOf('same', t)).reward);
    expect(run(['same'])[0]!.rewards).toEqual(rewards);
  });

  test('scores all episodes with one posterior call per round', () => {
    const posterior = new CorrelationPosterior();
    const env = VectorDesignEnv.fromConfig(config, posterior);
    env.reset(['a', 'b', 'c', 'd'].map((name) => new RandomStream(name)));
    env.step(['a', 'b', 'c', 'd'].map((name) => actionOf(name, 0)));
    expect(posterior.calls).toBe(2);
  });

  test('gives each episode a system of its own', () => {
    const env = VectorDesignEnv.fromConfig(config, new CorrelationPosterior());
    const { histories } = env.reset([new RandomStream('a'), new RandomStream('b')]);
    expect(env.models).toHaveLength(2);
    expect(histories[0]!.values).not.toEqual(histories[1]!.values);
  });

  test('one refused intervention stops the round for all', () => {
    const env = VectorDesignEnv.fromConfig(config, new CorrelationPosterior());
    const { histories } = env.reset([new RandomStream('a'), new RandomStream('b')]);
    expect(() => env.step([actionOf('a', 0), doIntervention(3, { 0: 9 })])).toThrow('beyond valueRange 1');
    expect(histories.map(({ rows }) => rows)).toEqual([10, 10]);
    expect(() => env.step([actionOf('a', 0)])).toThrow("'interventions' must have shape [2], got [1]");
  });

  test('refuses to reset without streams', () => {
    const env = VectorDesignEnv.fromConfig(config, new CorrelationPosterior());
    expect(() => env.reset([])).toThrow('pass at least one stream, one per episode');
    expect(() => env.step([])).toThrow('call reset(streams) first');
  });
});
