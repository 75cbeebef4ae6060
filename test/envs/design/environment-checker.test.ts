import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import type { Intervention } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import {
  DesignEnv,
  type DesignEnvironment,
  type DesignState,
  type DesignStep,
} from '../../../envs/design/design-env.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { checkEnvironment } from '../../../envs/design/environment-checker.js';
import { REWARD_KINDS } from '../../../envs/design/reward.js';
import { CorrelationPosterior } from '../toy-posteriors.js';

function environment(config: Record<string, unknown> = {}): DesignEnv {
  const prior = { kind: 'linear-scm', variables: 3, graph: { degree: 0.8 } };
  return DesignEnv.fromConfig(
    DesignEnvConfig.parse({ prior, initialRows: 5, budget: 4, ...config }),
    new CorrelationPosterior(),
  );
}

/** A correct environment, spoilt by what a test overrides. */
class Spoilt implements DesignEnvironment {
  readonly inner = environment();
  readonly size = 3;

  get settings() {
    return this.inner.settings;
  }

  reset(stream: RandomStream): DesignState {
    return this.inner.reset(stream);
  }

  step(intervention: Intervention): DesignStep {
    return this.inner.step(intervention);
  }
}

function checksOf(make: () => DesignEnvironment): string[] {
  return [...new Set(checkEnvironment(make, { seed: 1 }).map(({ check }) => check))];
}

describe('correct environments pass', () => {
  test.each([
    {},
    { interventionKind: 'shift' },
    { budget: 0 },
    { initialRows: 0 },
    { rowsPerExperiment: 3 },
    { targetFlipProbability: 0.3 },
    { valueRange: 4 },
    { prior: { kind: 'linear-scm', variables: 1 } },
    { prior: { kind: 'linear-scm', variables: 4, graph: { degree: 0 } } },
    ...['laplace', 'gumbel', 'heteroskedastic'].map((kind) => ({ prior: { kind: 'linear-scm', noise: { kind } } })),
    ...REWARD_KINDS.map((reward) => ({ reward })),
  ])('%j', (config) => {
    expect(checkEnvironment(() => environment(config), { seed: 'any' })).toEqual([]);
  });

  test('a wrapper of one', () => {
    expect(checksOf(() => new Spoilt())).toEqual([]);
  });
});

describe('breaches are found', () => {
  test('numbers that do not come from the stream', () => {
    let calls = 0;
    class Ambient extends Spoilt {
      override reset(stream: RandomStream): DesignState {
        return this.inner.reset(stream.child(calls++));
      }
    }
    expect(checksOf(() => new Ambient())).toEqual(['determinism']);
  });

  test('a stream that is ignored', () => {
    class Deaf extends Spoilt {
      override reset(): DesignState {
        return this.inner.reset(new RandomStream('always'));
      }
    }
    expect(checkEnvironment(() => new Deaf())[0]!.message).toContain('reset must draw from the stream it is given');
  });

  test('something left over from the episode before', () => {
    class Tired extends Spoilt {
      #episodes = 0;
      override reset(stream: RandomStream): DesignState {
        return this.inner.reset(stream.child(this.#episodes++));
      }
    }
    expect(checkEnvironment(() => new Tired())[0]!.message).toContain('in a fresh and a used environment');
  });

  test.each<[string, (step: DesignStep) => Partial<DesignStep>]>([
    ['reward', ({ reward }) => ({ reward: reward + 1 })],
    ['budget', () => ({ truncated: false })],
    ['finite', () => ({ potential: Number.NaN })],
    ['bounds', ({ edgeProbabilities }) => ({ edgeProbabilities: edgeProbabilities.map((p) => p + 1) })],
    ['bounds', ({ edgeProbabilities }) => ({ edgeProbabilities: edgeProbabilities.fill(0.5) })],
    ['shape', () => ({ edgeProbabilities: new Float32Array(4) })],
    ['shape', ({ history }) => ({ history: history.prefix(history.rows - 1) })],
    ['history', ({ history }) => ({ history: rewritten(history, (value) => value, 1) })],
    ['history', ({ history }) => ({ history: rewritten(history, (value) => value + 0.5) })],
    [
      'finite',
      ({ history }) => {
        const broken = history.prefix(history.rows);
        // An environment of one's own may write where `append` does not look.
        broken.values.fill(Number.POSITIVE_INFINITY);
        return { history: broken };
      },
    ],
  ])('%s: case %#', (check, spoil) => {
    class Broken extends Spoilt {
      override step(intervention: Intervention): DesignStep {
        const step = super.step(intervention);
        return { ...step, ...spoil(step) };
      }
    }
    expect(checksOf(() => new Broken())).toContain(check);
  });

  test('initial rows with target flags', () => {
    class Meddling extends Spoilt {
      override reset(stream: RandomStream): DesignState {
        const state = super.reset(stream);
        return { ...state, history: rewritten(state.history, (value) => value, 1) };
      }
    }
    expect(checksOf(() => new Meddling())).toEqual(['history']);
  });

  test('experiments before reset or beyond the budget', () => {
    class Lenient extends Spoilt {
      #last: DesignStep | undefined;
      override step(intervention: Intervention): DesignStep {
        try {
          this.#last = super.step(intervention);
        } catch {
          // An environment that hides its errors is what this test is about.
        }
        return this.#last!;
      }
    }
    const messages = checkEnvironment(() => new Lenient()).map(({ message }) => message);
    expect(messages).toEqual([
      'step before reset must throw, and did not',
      'step after 4 experiments must throw, and did not',
    ]);
  });

  test('an environment that cannot run at all', () => {
    class Dead extends Spoilt {
      override reset(): DesignState {
        throw new Error('no simulator here');
      }
    }
    expect(checkEnvironment(() => new Dead())).toEqual([
      { check: 'construction', message: 'an episode could not be run: no simulator here' },
    ]);
  });
});

/** A copy with every value replaced and, where given, every target flag. */
function rewritten(history: History, value: (value: number) => number, flag?: 0 | 1): History {
  const copy = new History(history.size);
  for (let row = 0; row < history.rows; row++) {
    const range = [row * history.size, (row + 1) * history.size] as const;
    const targets = flag === undefined ? history.targets.slice(...range) : new Uint8Array(history.size).fill(flag);
    copy.append(history.values.slice(...range).map(value), { kind: 'do', targets });
  }
  return copy;
}
