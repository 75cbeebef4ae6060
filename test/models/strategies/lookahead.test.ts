import { beforeAll, describe, expect, test } from 'vitest';
import { posteriorExpectedCorrectEntries } from '../../../core/causal/graph-metrics.js';
import { History } from '../../../core/causal/history.js';
import { type Intervention, observe, validateIntervention } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import type { LinearScm } from '../../../envs/linear-scm/linear-scm.js';
import { LinearScmPrior } from '../../../envs/linear-scm/linear-scm-prior.js';
import type { DesignContext } from '../../../models/design-strategy.js';
import { ExactPosteriorSampler } from '../../../models/posterior/exact/draw-systems.js';
import { exactPosteriorBySize } from '../../../models/posterior/exact/environment-posterior.js';
import type { ExactGraphPosterior } from '../../../models/posterior/exact/exact-graph-posterior.js';
import { type LookaheadEffort, lookahead } from '../../../models/strategies/lookahead.js';
import { randomFull } from '../../../models/strategies/random-designs.js';

const SIZE = 4;
const environment = DesignEnvConfig.parse({
  prior: { kind: 'linear-scm', variables: SIZE, graph: { degree: 1 } },
  initialRows: 10,
  budget: 3,
});
let posteriorOf: (size: number) => ExactGraphPosterior;

beforeAll(async () => {
  posteriorOf = await exactPosteriorBySize('exact', environment);
});

function planner(effort: Partial<LookaheadEffort> = {}) {
  return lookahead({
    name: 'lookahead',
    posteriorOf,
    rowsPerExperiment: 1,
    evaluations: 200,
    mostTargets: 3,
    candidates: 64,
    ...effort,
  });
}

/** Systems of the prior with their observational rows. */
function measured(count: number): { system: LinearScm; history: History }[] {
  if (environment.prior.kind !== 'linear-scm') throw new Error('linear systems are asked for');
  const prior = new LinearScmPrior(environment.prior);
  return Array.from({ length: count }, (_, k) => {
    const stream = new RandomStream(`lookahead-test/${k}`);
    const system = prior.sample(stream.child('system')) as LinearScm;
    const history = new History(SIZE);
    history.append(system.sample(observe(SIZE), 10, stream.child('rows')), observe(SIZE));
    return { system, history };
  });
}

function context(histories: readonly History[], overrides: Partial<DesignContext> = {}): DesignContext {
  return {
    histories,
    step: 0,
    budget: 3,
    interventionKind: 'do',
    valueRange: 1,
    streams: histories.map((_, k) => new RandomStream(`lookahead-test/choice/${k}`)),
    ...overrides,
  };
}

function entriesAfter(history: History, system: LinearScm, experiment: Intervention, noise: RandomStream): number {
  const longer = history.prefix(history.rows);
  longer.append(system.sample(experiment, 1, noise), experiment);
  return posteriorExpectedCorrectEntries(posteriorOf(SIZE).edgeProbabilities([longer]), SIZE);
}

describe('lookahead', () => {
  test('proposes valid experiments at full strength on few targets, whatever else is planned for', () => {
    const histories = measured(4).map(({ history }) => history);
    for (const interventionKind of ['do', 'shift'] as const) {
      const proposed = planner().propose(context(histories, { interventionKind, valueRange: 2 }));
      for (const { targets, values, ...rest } of proposed) {
        validateIntervention({ targets, values, ...rest } as Intervention, SIZE, [interventionKind]);
        expect(targets.reduce((sum, flag) => sum + flag, 0)).toBeLessThanOrEqual(3);
        targets.forEach((flag, variable) => {
          if (flag === 1) expect(Math.abs(values![variable]!)).toBe(2);
        });
      }
      const alone = planner().propose(
        context([histories[2]!], {
          interventionKind,
          valueRange: 2,
          streams: [new RandomStream('lookahead-test/choice/2')],
        }),
      );
      expect(alone[0]).toEqual(proposed[2]);
    }
  });

  test('its choice is worth more than another one, by an independent estimate', () => {
    const systems = measured(12);
    const proposed = planner({ evaluations: 2000 }).propose(context(systems.map(({ history }) => history)));
    const gains = systems.map(({ history }, k) => {
      const sampler = new ExactPosteriorSampler(posteriorOf(SIZE), history);
      let gain = 0;
      for (let draw = 0; draw < 60; draw++) {
        const stream = new RandomStream(`lookahead-test/judge/${k}/${draw}`);
        const system = sampler.drawSystem(stream.child('system'));
        const other = randomFull.propose(context([history], { streams: [stream.child('other')] }))[0]!;
        const noise = () => stream.child('noise');
        gain += entriesAfter(history, system, proposed[k]!, noise()) - entriesAfter(history, system, other, noise());
      }
      return gain / 60;
    });
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    expect(mean).toBeGreaterThan(0.05);
    // No single choice is much worse than chance.
    expect(Math.min(...gains)).toBeGreaterThan(-0.05);
  });

  test('finds the experiment of greatest value among all, up to the noise of its estimate', () => {
    const [{ history } = { history: new History(SIZE) }] = measured(1);
    const sampler = new ExactPosteriorSampler(posteriorOf(SIZE), history);
    const value = (experiment: Intervention) => {
      let total = 0;
      for (let draw = 0; draw < 400; draw++) {
        const stream = new RandomStream(`lookahead-test/value/${draw}`);
        total += entriesAfter(history, sampler.drawSystem(stream.child('system')), experiment, stream.child('noise'));
      }
      return total / 400;
    };
    const experiments = Array.from({ length: 2 ** SIZE }, (_, set): Intervention => {
      const targets = Uint8Array.from({ length: SIZE }, (_, i) => (set >> i) & 1);
      return set === 0 ? observe(SIZE) : { kind: 'do', targets, values: new Float32Array(SIZE).fill(1) };
    });
    const values = experiments.map(value).sort((a, b) => b - a);
    const chosen = value(planner({ evaluations: 4000, mostTargets: 4 }).propose(context([history]))[0]!);
    // The signs of its targets are its own, so it may be a little better or worse than the best with equal signs.
    expect(chosen).toBeGreaterThan(values[2]! - 0.02);
  });

  test('keeps to allowed targets, and observes where none is allowed', () => {
    const histories = measured(2).map(({ history }) => history);
    const allowedTargets = [Uint8Array.of(0, 1, 0, 0), new Uint8Array(SIZE)];
    const [one, none] = planner().propose(context(histories, { allowedTargets }));
    expect([...one!.targets]).toEqual(expect.arrayContaining([0]));
    expect([one!.targets[0], one!.targets[2], one!.targets[3]]).toEqual([0, 0, 0]);
    expect(none).toEqual(observe(SIZE));
  });

  test('draws among the sets where there are too many', () => {
    const histories = measured(3).map(({ history }) => history);
    const proposed = planner({ candidates: 3, mostTargets: 2 }).propose(context(histories));
    for (const { targets } of proposed) expect(targets.reduce((sum, flag) => sum + flag, 0)).toBeLessThanOrEqual(2);
  });

  test('says what it cannot plan', () => {
    const histories = measured(1).map(({ history }) => history);
    expect(() => planner().propose(context(histories, { interventionKind: 'knockout' }))).toThrow(
      "lookahead: plans interventions of kind 'do' and 'shift' on linear systems, not of kind 'knockout'",
    );
  });
});
