import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { listSignedSets } from '../../../core/causal/target-sets.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { Episode } from '../../../envs/design/episode.js';
import { createCausalModelPrior } from '../../../envs/design/prior-registry.js';
import { potential } from '../../../envs/design/reward.js';
import { exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';
import { fixedSequence, searchFixedSequence } from '../../../models/strategies/fixed-sequence.js';

const SIZE = 3;
const sequence = [Int8Array.of(1, 0, -1), Int8Array.of(0, 1, 0)];
const context = (step: number, extra: object = {}) => ({
  histories: [new History(SIZE), new History(SIZE)],
  step,
  budget: 2,
  interventionKind: 'do' as const,
  valueRange: 2,
  streams: [],
  ...extra,
});

async function makeSearch() {
  const environment = DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: SIZE, graph: { kind: 'erdos-renyi', degree: 1 } },
    initialRows: 5,
    budget: 2,
    reward: 'posteriorExpectedCorrectEntries',
  });
  const { prior, ...settings } = environment;
  return {
    prior: createCausalModelPrior(prior),
    settings,
    posterior: await exactPosteriorFor('exact', environment),
    sets: listSignedSets(SIZE, { least: 1, most: 2 }, { signs: true }),
    candidates: 20,
    systems: 60,
    stream: new RandomStream('search'),
  };
}

/** Mean Phi after a sequence on the systems of a search, episode by episode. */
function meanOf(
  { prior, settings, posterior, systems, stream }: Awaited<ReturnType<typeof makeSearch>>,
  sets: Int8Array[],
) {
  const strategy = fixedSequence('tried', sets);
  let total = 0;
  for (let k = 0; k < systems; k++) {
    const episode = new Episode(prior, settings, stream.child('system', k));
    sets.forEach((_, step) => {
      const [next] = strategy.propose({
        ...context(step),
        valueRange: settings.valueRange,
        histories: [episode.history],
      });
      episode.carryOut(next!);
    });
    total += potential(settings.reward, posterior.edgeProbabilities([episode.history]), episode.model.graph);
  }
  return total / systems;
}

describe('fixedSequence', () => {
  test('does the same on every system, in turn', () => {
    const strategy = fixedSequence('fixed', sequence);
    const [first, second] = strategy.propose(context(0));
    expect(first).toEqual({ kind: 'do', targets: Uint8Array.of(1, 0, 1), values: Float32Array.of(2, 0, -2) });
    expect(second).toEqual(first);
    expect([...strategy.propose(context(1))[0]!.targets]).toEqual([0, 1, 0]);
    expect(strategy.propose(context(0, { interventionKind: 'knockout' }))[0]!.values).toBeUndefined();
  });

  test('leaves out what is forbidden, and refuses systems of another size', () => {
    const strategy = fixedSequence('fixed', sequence);
    const allowedTargets = [Uint8Array.of(0, 1, 1), Uint8Array.of(1, 1, 1)];
    expect(strategy.propose(context(0, { allowedTargets })).map(({ targets }) => [...targets])).toEqual([
      [0, 0, 1],
      [1, 0, 1],
    ]);
    expect(() => strategy.propose(context(0, { histories: [new History(4)] }))).toThrow(
      /fixed: its experiments were found for 3 variables and this system has 4/,
    );
  });
});

describe('searchFixedSequence', () => {
  test('no exchange of a single experiment is better on its systems', async () => {
    const search = await makeSearch();
    const found = searchFixedSequence(search);
    expect(found).toHaveLength(2);
    const best = meanOf(search, found);
    const listed = Array.from({ length: search.sets.length / SIZE }, (_, s) =>
      search.sets.slice(s * SIZE, (s + 1) * SIZE),
    );
    // The last one was exchanged last.
    for (const set of listed) expect(meanOf(search, [found[0]!, set])).toBeLessThanOrEqual(best + 1e-6);
    const first = listed.map((set) => meanOf(search, [set, found[1]!]));
    expect(first.filter((mean) => mean > best).length).toBeLessThan(listed.length / 4);
  });

  test('is the same when it is searched again, and depends on its systems', async () => {
    const search = await makeSearch();
    expect(searchFixedSequence(search)).toEqual(searchFixedSequence(search));
    const few = { ...search, systems: 3, candidates: 4 };
    const found = ['a', 'b', 'c', 'd'].map((name) =>
      searchFixedSequence({ ...few, stream: new RandomStream(name) }).join(),
    );
    expect(new Set(found).size).toBeGreaterThan(1);
  });
});
