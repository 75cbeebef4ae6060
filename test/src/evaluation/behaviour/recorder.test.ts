import { expect, test } from 'vitest';
import { observe } from '../../../../core/causal/intervention.js';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import { BehaviourRecorder, playedTargets, playedValues } from '../../../../src/evaluation/behaviour/recorder.js';
import { variableUncertainty } from '../../../../src/evaluation/behaviour/uncertainty.js';
import { evaluateStrategies } from '../../../../src/evaluation/harness/harness.js';
import { createStrategies } from '../../../../src/evaluation/strategies/registry.js';
import { StructureTask } from '../../../../src/evaluation/structure/structure-task.js';
import { CorrelationPosterior } from '../correlation-posterior.js';
import { CHAIN, play } from './plays.js';

async function record(batchSize: number) {
  const recorder = new BehaviourRecorder();
  const prior = { kind: 'linear-scm', variables: 4, graph: { kind: 'erdos-renyi', degree: 1 } };
  const task = new StructureTask({
    environment: 'training',
    config: DesignEnvConfig.parse({ prior, initialRows: 6, budget: 4 }),
    posterior: new CorrelationPosterior(),
    seed: 1,
    watch: recorder.watch,
  });
  const strategies = createStrategies(['round-robin-full', 'random-full']);
  const { scores } = await evaluateStrategies([task], strategies, { systems: 7, batchSize });
  return { recorder, scores };
}

test('keeps every system of every strategy in order, with the returns that the harness measures', async () => {
  const { recorder, scores } = await record(3);
  for (const [index, name] of ['round-robin-full', 'random-full'].entries()) {
    const plays = recorder.plays(name);
    expect(plays.map(({ system }) => system)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const round of [0, 2, 4])
      expect(plays.map(({ returns }) => returns[round])).toEqual([...scores[index]!.column('return', round)]);
    for (const { interventions, uncertainty, edgeProbabilities } of plays) {
      expect([interventions.length, uncertainty.length]).toEqual([4, 5]);
      expect(uncertainty[4]).toEqual(variableUncertainty(edgeProbabilities, 4));
    }
  }
  expect(recorder.plays('nobody')).toEqual([]);
});

test('strategies meet the same graphs and the same uncertainty before the first experiment', async () => {
  const { recorder } = await record(7);
  const [one, other] = [recorder.plays('round-robin-full'), recorder.plays('random-full')];
  expect(other.map(({ graph }) => graph.adjacency)).toEqual(one.map(({ graph }) => graph.adjacency));
  expect(other.map(({ uncertainty }) => uncertainty[0])).toEqual(one.map(({ uncertainty }) => uncertainty[0]));
  for (const own of one)
    expect([1, 2, 3, 4].flatMap((round) => playedTargets(own, round)).sort()).toEqual([0, 1, 2, 3]);
});

test('the batch size does not matter', async () => {
  const [whole, parts] = [await record(7), await record(2)];
  expect(parts.recorder.plays('random-full')).toEqual(whole.recorder.plays('random-full'));
});

test('a system that is played again is kept once', () => {
  const recorder = new BehaviourRecorder();
  const moment = { strategy: 'own', first: 3, graphs: [CHAIN], edgeProbabilities: new Float32Array(9) };
  for (let time = 0; time < 2; time++) {
    recorder.watch({ ...moment, round: 0, interventions: [] });
    recorder.watch({ ...moment, round: 1, interventions: [observe(3)] });
  }
  const [own, ...others] = recorder.plays('own');
  expect([own!.system, own!.interventions.length, own!.returns.length, others.length]).toEqual([3, 1, 2, 0]);
});

test('targets and their values by round', () => {
  expect([playedTargets(play(), 2), playedValues(play(), 2)]).toEqual([
    [1, 2],
    [-1, 0.5],
  ]);
  expect([playedTargets(play(), 9), playedValues(play(), 9)]).toEqual([[], []]);
});
