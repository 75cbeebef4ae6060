import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { intervene } from '../../../core/causal/intervention.js';
import { Episode } from '../../../envs/design/episode.js';
import { potential } from '../../../envs/design/reward.js';
import { collectTriedStates } from '../../../training/action-values/collect.js';
import type { SetValuation } from '../../../training/action-values/trials.js';
import { episodeStreams, SIZE, toyCollection } from './toy-experiment.js';

beforeAll(async () => {
  await useBackend();
});

/** Prefers {0, 2} with opposite signs to all others. */
const preferred = [1, 0, -1];
const preferSign: SetValuation = (_histories, sets) =>
  Float32Array.from(
    sets.flatMap((own) =>
      Array.from({ length: own.length / SIZE }, (_, s) =>
        preferred.every((sign, i) => sign === own[s * SIZE + i]) ? 1 : 0,
      ),
    ),
  );
const unsigned = (set: ArrayLike<number>) => Array.from(set, Math.abs);

describe('collectTriedStates', () => {
  test('advantages are what each set gains when it is really carried out, minus their mean', async () => {
    const options = { ...(await toyCollection()), valuation: preferSign };
    const { settings, prior, posterior, sets } = options;
    const { states, finalPotentials } = collectTriedStates(options, episodeStreams(2));
    expect(states).toHaveLength(2 * settings.budget);
    // States of the first step come first.
    const first = states[1]!;
    expect([...first.sets].slice(0, SIZE)).toEqual(preferred);
    const count = sets.length / SIZE;
    expect(first.advantages).toHaveLength(count);
    const gains = Array.from({ length: count }, (_, s) => {
      const own = first.sets.subarray(s * SIZE, (s + 1) * SIZE);
      const gain = (sign: number) => {
        const episode = new Episode(prior, settings, episodeStreams(2)[1]!);
        const values = Float32Array.from(own, (number) => sign * number * settings.valueRange);
        episode.carryOut(intervene('do', Uint8Array.from(own, Math.abs), values));
        const probabilities = posterior.edgeProbabilities([episode.history]);
        return potential(settings.reward, probabilities, episode.model.graph);
      };
      return { 1: gain(1), '-1': gain(-1) };
    });
    const centred = (sign: 1 | -1) => {
      const mean = gains.reduce((sum, gain) => sum + gain[sign], 0) / count;
      return gains.map((gain) => gain[sign] - mean);
    };
    const distance = (sign: 1 | -1) =>
      Math.max(...centred(sign).map((gain, s) => Math.abs(gain - first.advantages[s]!)));
    expect(Math.min(distance(1), distance(-1))).toBeLessThan(1e-5);
    expect(finalPotentials).toHaveLength(2);
  });

  test('what is carried out next is the best set by the values, or any with exploration 1', async () => {
    const options = { ...(await toyCollection()), valuation: preferSign };
    const count = options.sets.length / SIZE;
    const chosenIn = (exploration: number) => {
      const { states } = collectTriedStates({ ...options, exploration }, episodeStreams(40));
      return states.slice(40).map(({ history }) => unsigned(history.targets.slice(-SIZE)).join());
    };
    expect(new Set(chosenIn(0))).toEqual(new Set([unsigned(preferred).join()]));
    expect(new Set(chosenIn(1)).size).toBeGreaterThan(count / 3);
  });

  test('signs are turned in about half of the states, for all sets of a state alike', async () => {
    const options = { ...(await toyCollection()), valuation: preferSign };
    const { states } = collectTriedStates(options, episodeStreams(200));
    const signs = states.slice(200).map(({ history }) => [...history.interventionValues.slice(-SIZE)].map(Math.sign));
    const positive = signs.filter(([first]) => first === 1).length / 200;
    for (const [first, , third] of signs) expect(third).toBe(0 - first!);
    expect(Math.abs(positive - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 200));
  });

  test('with fewer candidates than sets, each state tries other ones, none twice', async () => {
    const options = { ...(await toyCollection()), candidates: 4, contenders: 1, valuation: preferSign };
    const { states } = collectTriedStates(options, episodeStreams(6));
    const keys = states.map(({ sets, advantages }) => {
      expect(advantages).toHaveLength(4);
      const own = [0, 1, 2, 3].map((s) => sets.subarray(s * SIZE, (s + 1) * SIZE).join());
      expect(new Set(own).size).toBe(4);
      return own.join(';');
    });
    expect(new Set(keys).size).toBeGreaterThan(6);
    for (const { advantages } of states) expect(advantages.reduce((a, b) => a + b)).toBeCloseTo(0, 5);
  });

  test('an episode depends on its own stream alone, not on those beside it', async () => {
    const options = { ...(await toyCollection()), exploration: 0.5, valuation: preferSign };
    const [, beside] = collectTriedStates(options, episodeStreams(2)).states;
    const [alone] = collectTriedStates(options, episodeStreams(2).slice(1)).states;
    expect([...beside!.history.values]).toEqual([...alone!.history.values]);
    expect([...beside!.advantages]).toEqual([...alone!.advantages]);
  });
});
