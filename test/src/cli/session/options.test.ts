import { describe, expect, test } from 'vitest';
import {
  defaultFolder,
  loadExperiment,
  nameList,
  strategyOverrides,
  wholeNumber,
} from '../../../../src/cli/session/options.js';

const smoke = { preset: 'smoke', set: [] } as const;

describe('strategyOverrides', () => {
  test('nothing is overridden where the user left the strategies alone', () => {
    expect(strategyOverrides(undefined, 'evaluation.strategies')).toEqual([]);
  });

  test('names arrive in the option as they were typed, whatever YAML would make of them', async () => {
    const strategies = ['lookahead', 'a: b', '[c]', 'true'];
    const set = strategyOverrides(strategies, 'evaluation.strategies');
    expect((await loadExperiment({ ...smoke, set }, 'evaluate')).evaluation.strategies).toEqual(strategies);
  });

  test('no strategies are an empty list, not those of the config', async () => {
    const set = strategyOverrides([], 'evaluation.strategies');
    expect((await loadExperiment({ ...smoke, set }, 'evaluate')).evaluation.strategies).toEqual([]);
  });
});

describe('loadExperiment', () => {
  test('--backend, --threads and --precision win over --set', async () => {
    const set = ['backend.name=cpu', 'backend.threads=3', 'backend.precision=tf32'];
    const options = { ...smoke, set, backend: 'auto', threads: 2, precision: 'float32' };
    expect((await loadExperiment(options, 'pretrain')).backend).toMatchObject({
      name: 'auto',
      threads: 2,
      precision: 'float32',
    });
  });

  test('an option is refused where the command does not read it, and only there', async () => {
    const set = ['learner.batchSize=4'];
    expect((await loadExperiment({ ...smoke, set }, 'train')).learner).toMatchObject({ batchSize: 4 });
    await expect(loadExperiment({ ...smoke, set }, 'evaluate')).rejects.toThrow(
      'learner.batchSize: nothing in this run reads it: the policy is given as it is',
    );
  });

  test('options that were given by name are refused, too, where nothing reads them', async () => {
    await expect(loadExperiment({ ...smoke, backend: 'wasm', threads: 2 }, 'pretrain')).rejects.toThrow(
      'backend.threads: nothing in this run reads it: only the native backend has threads',
    );
  });

  test('one experiment, neither none nor two', async () => {
    await expect(loadExperiment({ set: [] }, 'train')).rejects.toThrow('no experiment given');
    await expect(loadExperiment({ ...smoke, config: 'x.yaml' }, 'train')).rejects.toThrow('not both');
  });
});

test('the folder of a part is named after the preset, or the file without its ending', () => {
  expect(defaultFolder({ preset: 'smoke' }, 'policy')).toBe('runs/smoke/policy');
  expect(defaultFolder({ config: 'some/where/mine.v2.yaml' }, 'posterior')).toBe('runs/mine.v2/posterior');
});

test('lists lose spaces and empty names; numbers are positive and whole', () => {
  expect(nameList(' a, b,,c ')).toEqual(['a', 'b', 'c']);
  expect(wholeNumber('12')).toBe(12);
  for (const text of ['0', '-1', '1.5', '1e3', 'x', ' 1'])
    expect(() => wholeNumber(text)).toThrow('It must be a positive whole number.');
});
