import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../core/causal/graph.js';
import { History } from '../../core/causal/history.js';
import { type Intervention, knockout } from '../../core/causal/intervention.js';
import { RandomStream } from '../../core/random/stream.js';
import { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import type { DesignContext, Knowledge } from '../../models/design-strategy.js';
import { DesignEpisodes, type EpisodeGroup, playEpisodes } from '../../models/play-episodes.js';
import { CorrelationPosterior } from '../src/evaluation/correlation-posterior.js';

const SIZE = 3;

/** Two histories, told graphs, and what was performed. */
function toyGroup(budget = 2) {
  const performed: { interventions: readonly Intervention[]; step: number }[] = [];
  const graphs = [new CausalGraph(SIZE, new Uint8Array(9)), new CausalGraph(SIZE, new Uint8Array(9))];
  const group: EpisodeGroup = {
    budget,
    view: () => ({
      histories: [new History(SIZE), new History(SIZE)],
      interventionKind: 'knockout',
      valueRange: 1,
      graphs,
    }),
    perform: (interventions, step) => performed.push({ interventions, step }),
  };
  return { group, performed };
}

function recorder(knowledge: readonly Knowledge[] = []) {
  const contexts: DesignContext[] = [];
  const propose = (context: DesignContext) => {
    contexts.push(context);
    return context.histories.map(({ size }) => knockout(size, [context.step]));
  };
  return { contexts, strategy: { name: 'recorder', knowledge, propose } };
}

const streams = [new RandomStream('play/0'), new RandomStream('play/1')];

describe('playEpisodes', () => {
  test('asks once per experiment, carries out what was answered and tells the watcher', () => {
    const { group, performed } = toyGroup();
    const { contexts, strategy } = recorder();
    const seen: [number, number][] = [];
    playEpisodes(group, strategy, {
      streams,
      watch: (round, interventions) => seen.push([round, interventions.length]),
    });
    expect(contexts.map(({ step, budget }) => [step, budget])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(performed.map(({ step, interventions }) => [step, interventions[1]!.targets.indexOf(1)])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(seen).toEqual([
      [0, 0],
      [1, 2],
      [2, 2],
    ]);
  });

  test('a graph is shown to those alone who say that they need it', () => {
    for (const knowledge of [[], ['graph']] as const) {
      const { contexts, strategy } = recorder(knowledge);
      playEpisodes(toyGroup().group, strategy, { streams });
      expect('graphs' in contexts[0]!).toBe(knowledge.length === 1);
      expect(contexts[0]!.interventionKind).toBe('knockout');
    }
  });

  test('every system and step has a stream of its own, named by the strategy unless said otherwise', () => {
    const { contexts, strategy } = recorder();
    playEpisodes(toyGroup().group, strategy, { streams });
    expect(contexts.map((context) => context.streams.map(({ name }) => name))).toEqual([
      ['play/0/strategy/recorder/0', 'play/1/strategy/recorder/0'],
      ['play/0/strategy/recorder/1', 'play/1/strategy/recorder/1'],
    ]);
    const named = recorder();
    const choiceStream = (stream: RandomStream, step: number, episode: number) => stream.child(episode, step);
    playEpisodes(toyGroup().group, named.strategy, { streams, choiceStream });
    expect(named.contexts[1]!.streams[1]!.name).toBe('play/1/1/1');
  });

  test('without a budget the watcher sees the start and nobody is asked', () => {
    const { contexts, strategy } = recorder();
    let rounds = 0;
    playEpisodes(toyGroup(0).group, strategy, { streams, watch: () => rounds++ });
    expect([contexts.length, rounds]).toEqual([0, 1]);
  });
});

test('DesignEpisodes keeps the start and the last state, and shows true graphs in its view', () => {
  const config = DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: SIZE },
    initialRows: 4,
    budget: 2,
  });
  const env = VectorDesignEnv.fromConfig(config, new CorrelationPosterior());
  const episodes = new DesignEpisodes(env, streams);
  const strategy = {
    name: 'rows',
    knowledge: [],
    propose: ({ histories }: DesignContext) => histories.map(observeAll),
  };
  playEpisodes(episodes, strategy, { streams });
  expect(episodes.start.truncated).toBe(false);
  expect(episodes.state.truncated).toBe(true);
  expect(episodes.state.histories[0]!.rows).toBe(6);
  expect(episodes.view().graphs).toEqual(env.models.map(({ graph }) => graph));
});

function observeAll({ size }: History): Intervention {
  return { kind: 'none', targets: new Uint8Array(size) };
}
