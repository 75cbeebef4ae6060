import { expect, test } from 'vitest';
import { curveLabels, type LabelledConfiguration } from '../../../../src/cli/sweep/curve-labels.js';

function configuration(config: object, change: Partial<LabelledConfiguration> = {}): LabelledConfiguration {
  return { folder: 'runs/a/sweep', experiment: ['--preset', 'quickstart'], values: {}, config, ...change };
}

test('what was varied and differs is named, without its section', () => {
  const values = { 'learner.kind': 0, 'policy.head.kind': 0, 'learner.saveEvery': 0 };
  const of = (learner: string, kind: string) =>
    configuration({ learner: { kind: learner, saveEvery: 10 }, policy: { head: { kind } } }, { values });
  expect(curveLabels([of('redq', 'single'), of('redq', 'subset')])).toEqual(['head.kind=single', 'head.kind=subset']);
  expect(curveLabels([of('redq', 'single'), of('branched-gradient', 'subset')])).toEqual([
    'learner=redq, head.kind=single',
    'learner=branched-gradient, head.kind=subset',
  ]);
});

test('two options that end alike keep their sections', () => {
  const values = { 'policy.width': 0, 'posterior.width': 0 };
  const of = (policy: number, posterior: number) =>
    configuration({ policy: { width: policy }, posterior: { width: posterior } }, { values });
  expect(curveLabels([of(8, 8), of(16, 32)])).toEqual([
    'policy.width=8, posterior.width=8',
    'policy.width=16, posterior.width=32',
  ]);
});

test('the experiment is named where it differs; what is the same in each experiment goes without saying', () => {
  const redq = configuration({ learner: { kind: 'redq' }, policy: { width: 16, head: { kind: 'single' } } });
  const branched = (kind: string) =>
    configuration(
      {
        learner: { kind: 'branched-gradient' },
        policy: { width: 32, head: { kind } },
        evaluation: { systems: 9 },
        seed: 4,
      },
      {
        experiment: ['--config', 'settings/mine.yaml', '--set', 'policy.width=32', '--set', 'evaluation.systems=9'],
        values: { 'policy.head.kind': kind, seed: 4 },
      },
    );
  expect(curveLabels([redq, branched('single')])).toEqual(['quickstart', 'mine']);
  expect(curveLabels([redq, branched('single'), branched('subset')])).toEqual([
    'quickstart, head.kind=single',
    'mine, head.kind=single',
    'mine, head.kind=subset',
  ]);
});

test('two sweeps of one experiment differ by what only one of them set', () => {
  const first = configuration({ policy: { width: 16 } });
  const second = configuration(
    { policy: { width: 32 } },
    { experiment: ['--preset', 'quickstart', '--set', 'policy.width=32'] },
  );
  expect(curveLabels([first, second])).toEqual(['width=16', 'width=32']);
});

test('options that only one learner has are named where it is used; those of validation never', () => {
  const values = { 'learner.kind': 0, 'learner.batchSize': 0, 'learner.validation.every': 0 };
  const redq = (batchSize: number, every: number) =>
    configuration({ learner: { kind: 'redq', batchSize, validation: { every } } }, { values });
  const branched = configuration({ learner: { kind: 'branched-gradient', validation: { every: 3 } } }, { values });
  expect(curveLabels([redq(8, 1), redq(16, 2), branched])).toEqual([
    'learner=redq, batchSize=8',
    'learner=redq, batchSize=16',
    'learner=branched-gradient',
  ]);
});

test('an option that a configuration does not have is left out of its label', () => {
  const values = { 'policy.head': 0, 'policy.head.maximumTargets': 0 };
  const subset = { kind: 'subset', maximumTargets: 2 };
  const labels = curveLabels([
    configuration({ policy: { head: { kind: 'single' } } }, { values }),
    configuration({ policy: { head: subset } }, { values }),
  ]);
  expect(labels).toEqual(['head={ kind: single }', 'head={ kind: subset, maximumTargets: 2 }, head.maximumTargets=2']);
});

test('what nothing else tells apart is told apart by its folder; alone, it has the name of its experiment', () => {
  const same = [configuration({}, { folder: 'runs/before' }), configuration({}, { folder: 'runs/after' })];
  expect(curveLabels(same)).toEqual(['quickstart (before)', 'quickstart (after)']);
  expect(curveLabels(same.slice(0, 1))).toEqual(['quickstart']);
});
