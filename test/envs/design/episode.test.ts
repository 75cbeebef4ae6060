import { describe, expect, test } from 'vitest';
import { doIntervention } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { Episode } from '../../../envs/design/episode.js';
import { createCausalModelPrior } from '../../../envs/design/prior-registry.js';

function makeEpisode(overrides: object = {}) {
  const { prior, ...settings } = DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: 4, graph: { kind: 'erdos-renyi', degree: 1 } },
    initialRows: 3,
    budget: 3,
    rowsPerExperiment: 2,
    ...overrides,
  });
  return new Episode(createCausalModelPrior(prior), settings, new RandomStream('episode'));
}

describe('Episode', () => {
  test.each([0, 0.5])('what it would measure is what it then measures (flips %d)', (targetFlipProbability) => {
    const episode = makeEpisode({ targetFlipProbability });
    const first = doIntervention(4, { 1: 1 });
    const expected = episode.wouldMeasure(first);
    const other = episode.wouldMeasure(doIntervention(4, { 2: -1 }));
    expect(episode.history.rows).toBe(3);
    expect(episode.experiments).toBe(0);
    episode.carryOut(first);
    expect([...episode.history.values.slice(-8)]).toEqual([...expected]);
    expect([...other]).not.toEqual([...expected]);
    // The next experiment has other noise.
    expect([...episode.wouldMeasure(first)]).not.toEqual([...expected]);
  });

  test('trying targets shares the noise: what no target reaches is measured alike', () => {
    const episode = makeEpisode();
    const { graph } = episode.model;
    const rows = [0, 1, 2, 3].map((target) => episode.wouldMeasure(doIntervention(4, { [target]: 1 })));
    const root = [0, 1, 2, 3].find((j) => [0, 1, 2, 3].every((i) => graph.adjacency[i * 4 + j] === 0))!;
    const others = [0, 1, 2, 3].filter((target) => target !== root);
    for (const target of others) expect(rows[target]![root]).toBe(rows[others[0]!]![root]);
  });
});
