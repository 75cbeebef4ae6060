import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defineMetrics } from '../../../core/run/metrics.js';
import { lastEventTime, RunClock } from '../../../core/run/run-clock.js';
import { RunFolder, readMetrics } from '../../../core/run/run-folder.js';
import { fieldsOf, readRecords } from './event-decoder.js';

const METRICS = defineMetrics({ loss: 'a loss' });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-clock-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const eventFiles = () =>
  readdirSync(folder)
    .filter((name) => name.includes('tfevents'))
    .sort();
/** Step and wall time of every event, in the order in which viewers read the files. */
const events = () =>
  eventFiles().flatMap((name) =>
    readRecords(readFileSync(join(folder, name))).map((data) => {
      const fields = fieldsOf(data);
      return {
        name,
        wall: fields.find(({ id }) => id === 1)!.double,
        step: Number(fields.find(({ id }) => id === 2)?.integer ?? 0),
      };
    }),
  );

test('a clock that is set back stands still', () => {
  vi.setSystemTime(5_000);
  const clock = new RunClock(7);
  expect(clock.now()).toBe(7);
  vi.setSystemTime(9_000);
  expect(clock.now()).toBe(9);
  vi.setSystemTime(8_000);
  expect(clock.now()).toBe(9);
});

test.each([
  ['an hour behind', -3600],
  ['right', 60],
  ['a day ahead', 86_400],
])('a run resumed on a machine whose clock is %s: files, events and metrics stay in order', (_, shift) => {
  const start = Date.UTC(2026, 0, 1);
  vi.setSystemTime(start);
  const first = RunFolder.create(folder, { metrics: METRICS, config: {}, command: 'x', seed: 1, backend: 'native' });
  for (let step = 1; step <= 3; step++) {
    vi.advanceTimersByTime(10_000);
    first.log(step, { loss: step });
  }
  first.finish('interrupted');
  const before = eventFiles();
  vi.setSystemTime(start + 30_000 + shift * 1000);
  const second = RunFolder.resume(folder, { step: 2, metrics: METRICS, backend: 'wasm' });
  second.log(3, { loss: 30 });
  second.finish('finished');
  expect(eventFiles().slice(0, 1)).toEqual(before);
  expect(eventFiles()).toHaveLength(2);
  const walls = events().map(({ wall }) => wall);
  expect(walls).toEqual([...walls].sort((a, b) => a - b));
  const times = readMetrics(folder).map(({ time }) => time);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(second.record).toMatchObject({ backend: 'native', resumed: [{ step: 2, backend: 'wasm' }] });
});

test('many restarts within one second keep their order', () => {
  vi.setSystemTime(Date.UTC(2026, 0, 1));
  RunFolder.create(folder, { metrics: METRICS, config: {}, command: 'x', seed: 1, backend: 'cpu' }).finish('failed');
  for (let step = 1; step <= 12; step++) {
    const run = RunFolder.resume(folder, { step: step - 1, metrics: METRICS });
    run.log(step, { loss: 1 });
    run.finish('interrupted');
  }
  const logged = events().filter(({ step }) => step > 0);
  expect(logged.map(({ step }) => step)).toEqual([...logged.map(({ step }) => step)].sort((a, b) => a - b));
});

test('an event file that a crash cut off is read to where it ends', () => {
  vi.setSystemTime(1_000_000);
  const run = RunFolder.create(folder, { metrics: METRICS, config: {}, command: 'x', seed: 1, backend: 'cpu' });
  run.finish('failed');
  appendFileSync(join(folder, eventFiles()[0]!), Buffer.of(40, 0, 0, 0, 0, 0));
  expect(lastEventTime(folder)).toBe(1000);
  writeFileSync(join(folder, 'events.out.tfevents.0000000001.host'), '');
  expect(lastEventTime(folder)).toBe(1000);
});
