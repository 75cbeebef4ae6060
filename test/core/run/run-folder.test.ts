import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineMetrics, type MetricValues } from '../../../core/run/metrics.js';
import { isRunFolder, RunFolder, readMetrics, readRunConfig, readRunRecord } from '../../../core/run/run-folder.js';
import { fieldsOf, readRecords } from './event-decoder.js';

const METRICS = defineMetrics({ 'loss/critic': 'mean over critics', 'return/mean': 'held-out return' });
const description = {
  metrics: METRICS,
  config: { seed: 7, training: { layers: [1, 2], rate: 1e-3, note: 'yes: no' } },
  command: 'causal-pilot train --preset smoke',
  seed: 7,
  backend: 'cpu',
  versions: { kernels: '3' },
};
const Config = z.strictObject({
  seed: z.int(),
  training: z.strictObject({ layers: z.array(z.int()), rate: z.number(), note: z.string() }),
});

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-run-'));
  path = join(root, 'run');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const eventFiles = () =>
  readdirSync(path)
    .filter((file) => file.includes('tfevents'))
    .sort();
const damage = (file: string, change: (text: string) => string) =>
  writeFileSync(join(path, file), change(readFileSync(join(path, file), 'utf8')));

describe('a run from start to end', () => {
  test('configuration, record, metrics and events', () => {
    const run = RunFolder.create(path, description);
    run.log(1, { 'loss/critic': 0.5 });
    run.log(2, { 'loss/critic': 0.25, 'return/mean': undefined });
    run.text(2, 'note', 'hello');
    expect(readRunRecord(path)).toMatchObject({ status: 'running', ended: null });
    run.finish('finished');
    expect(readRunConfig(path, Config)).toEqual(description.config);
    expect(readRunRecord(path)).toMatchObject({
      status: 'finished',
      command: 'causal-pilot train --preset smoke',
      seed: 7,
      backend: 'cpu',
      versions: { 'causal-pilot': expect.stringMatching(/^\d+\.\d+\.\d+/), node: process.version, kernels: '3' },
      metrics: { 'loss/critic': 'mean over critics' },
      resumed: [],
    });
    expect(readMetrics(path)).toEqual([
      { step: 1, time: expect.any(Number), 'loss/critic': 0.5 },
      { step: 2, time: expect.any(Number), 'loss/critic': 0.25 },
    ]);
    expect(eventFiles()).toHaveLength(1);
    // file version, hyperparameters, two scalars, a text, the session's end
    expect(readRecords(readFileSync(join(path, eventFiles()[0]!)))).toHaveLength(6);
    expect(run.file('best')).toBe(join(path, 'best'));
  });

  test('a value that is no number stops the run, and an unknown metric is refused', () => {
    const run = RunFolder.create(path, description);
    expect(() => run.log(3, { 'return/mean': Number.NaN })).toThrow(
      expect.objectContaining({ code: 'E_NUMERIC', message: expect.stringContaining("step 3: 'return/mean' is NaN") }),
    );
    // @ts-expect-error a name outside the defined set does not compile
    expect(() => run.log(3, { 'loss/actor': 1 })).toThrow("metric 'loss/actor' is not defined");
    expect(readMetrics(path)).toEqual([]);
    run.finish('failed');
    expect(readRunRecord(path).status).toBe('failed');
  });
});

describe('resuming', () => {
  const interrupted = (steps: number) => {
    const run = RunFolder.create(path, description);
    for (let step = 1; step <= steps; step++) run.log(step, { 'loss/critic': step / 2 });
    run.finish('interrupted');
  };

  test('drops what came after the step, in the metrics and for TensorBoard', () => {
    interrupted(5);
    const run = RunFolder.resume(path, { step: 3, metrics: METRICS });
    run.log(4, { 'loss/critic': 40 });
    run.finish('finished');
    expect(readMetrics(path).map(({ step, ...line }) => [step, line['loss/critic']])).toEqual([
      [1, 0.5],
      [2, 1],
      [3, 1.5],
      [4, 40],
    ]);
    expect(readRunRecord(path)).toMatchObject({ status: 'finished', resumed: [{ step: 3 }] });
    const resumed = readRecords(readFileSync(join(path, eventFiles()[1]!))).map(fieldsOf);
    expect(resumed[1]!.find(({ id }) => id === 2)?.integer).toBe(4n);
    expect(resumed[1]!.some(({ id }) => id === 7)).toBe(true);
  });

  test('a last line that a crash cut is dropped', () => {
    interrupted(2);
    appendFileSync(join(path, 'metrics.jsonl'), '{"step": 3, "ti');
    expect(readMetrics(path)).toHaveLength(2);
    const run = RunFolder.resume(path, { step: 9, metrics: METRICS });
    run.log(10, { 'return/mean': 1 });
    run.finish('finished');
    expect(readMetrics(path).map(({ step }) => step)).toEqual([1, 2, 10]);
  });

  test('a damaged line in the middle is named and nothing is changed', () => {
    interrupted(3);
    damage('metrics.jsonl', (text) => text.replace('{"step":2', '{"step":"2"'));
    const before = readFileSync(join(path, 'metrics.jsonl'), 'utf8');
    expect(() => RunFolder.resume(path, { step: 3, metrics: METRICS })).toThrow(
      `${join(path, 'metrics.jsonl')}:2: not a line of metrics; remove the line`,
    );
    expect(readFileSync(join(path, 'metrics.jsonl'), 'utf8')).toBe(before);
  });

  test('no run, or a damaged record', () => {
    expect(() => RunFolder.resume(path, { step: 1, metrics: METRICS })).toThrow(
      `${path}: there is no run here (no run.json); check the path`,
    );
    interrupted(1);
    damage('run.json', (text) => text.slice(0, 20));
    expect(() => readRunRecord(path)).toThrow('run.json: not the record of a run, or damaged');
  });
});

describe('where a run may start', () => {
  test('a folder with a run, a folder with something else, a file', () => {
    RunFolder.create(path, description).finish('finished');
    expect(isRunFolder(path)).toBe(true);
    const before = readFileSync(join(path, 'run.json'), 'utf8');
    expect(() => RunFolder.create(path, description)).toThrow(
      `${path}: it holds a run already; continue it with --resume or choose another folder`,
    );
    expect(readFileSync(join(path, 'run.json'), 'utf8')).toBe(before);
    expect(() => RunFolder.create(root, description)).toThrow('the folder is not empty and holds no run');
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => RunFolder.create(file, description)).toThrow(
      expect.objectContaining({ code: 'E_INPUT', message: expect.stringContaining('the run folder cannot be made') }),
    );
  });
});

describe('metric definitions', () => {
  test('names are typed, frozen, and described', () => {
    const values: MetricValues<typeof METRICS> = { 'return/mean': 1 };
    expect(Object.keys(METRICS)).toContain(Object.keys(values)[0]);
    expect(Object.isFrozen(METRICS)).toBe(true);
    expect(() => defineMetrics({ step: 'x' })).toThrow("the name 'step' is reserved");
    expect(() => defineMetrics({ loss: ' ' })).toThrow("'loss' needs a description of what it measures");
  });
});
