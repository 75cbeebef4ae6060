import { expect, test } from 'vitest';
import { curveLabels, type LabelledConfiguration } from '../../../../src/cli/sweep/curve-labels.js';

function configuration(config: object, change: Partial<LabelledConfiguration> = {}): LabelledConfiguration {
  return { folder: 'runs/a/sweep', experiment: ['--preset', 'quickstart'], values: {}, config, ...change };
}

test('what was varied and differs is named, without its section', () => {
  const values = { learner: 0, 'policy.head.kind': 0, 'training.critics': 0 };
  const of = (learner: string, kind: string) =>
    configuration({ learner, policy: { head: { kind } }, training: { critics: 10 } }, { values });
  expect(curveLabels([of('redq', 'single'), of('redq', 'subset')])).toEqual(['head.kind=single', 'head.kind=subset']);
  expect(curveLabels([of('redq', 'single'), of('branched-gradient', 'subset')])).toEqual([
    'learner=redq, head.kind=single',
    'learner=branched-gradient, head.kind=subset',
  ]);
});

test('two options that end alike keep their sections', () => {
  const values = { 'policy.width': 0, 'critic.width': 0 };
  const of = (policy: number, critic: number) =>
    configuration({ policy: { width: policy }, critic: { width: critic } }, { values });
  expect(curveLabels([of(8, 8), of(16, 32)])).toEqual([
    'policy.width=8, critic.width=8',
    'policy.width=16, critic.width=32',
  ]);
});

test('the experiment is named where it differs, with options that only one of the sweeps set', () => {
  const first = configuration({ policy: { width: 16 } });
  const second = configuration(
    { policy: { width: 32 }, evaluation: { systems: 9 }, seed: 4 },
    {
      experiment: ['--config', 'settings/mine.yaml', '--set', 'policy.width=32', '--set', 'evaluation.systems=9'],
      values: { seed: 4 },
    },
  );
  expect(curveLabels([first, second])).toEqual(['quickstart, width=16', 'mine, width=32']);
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
