import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventWriter, encodeRecord, flattenHyperparameters } from '../../../core/run/event-writer.js';
import { type Field, fieldsOf, readRecords } from './event-decoder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-events-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const one = (fields: Field[], id: number): Field => {
  const found = fields.filter((field) => field.id === id);
  expect(found).toHaveLength(1);
  return found[0]!;
};
const inside = (field: Field): Field[] => fieldsOf(field.bytes);
const events = (writer: EventWriter): Field[][] => {
  writer.close();
  return readRecords(readFileSync(writer.path)).map((record) => fieldsOf(record));
};

describe('event file', () => {
  test('the name is what TensorBoard looks for, and two writers never share a file', () => {
    const [first, second] = [new EventWriter(folder), new EventWriter(folder)];
    expect(basename(first.path)).toMatch(/^events\.out\.tfevents\.\d{10}\./);
    expect(first.path).not.toBe(second.path);
    first.close();
    second.close();
  });

  test('the first event carries the file version and the time', () => {
    const [first] = events(new EventWriter(folder));
    expect(one(first!, 3).text).toBe('brain.Event:2');
    expect(Math.abs(one(first!, 1).double - Date.now() / 1000)).toBeLessThan(60);
  });

  test('scalars carry step, tag and value; also zero, negative and large steps', () => {
    const writer = new EventWriter(folder);
    writer.scalars(0, { zero: 0 });
    writer.scalars(2 ** 40, { 'loss/critic': -1.5, absent: undefined, 'loss/actor': 0.25 });
    const [, first, second] = events(writer);
    const read = (event: Field[]) =>
      inside(one(event, 5)).map((value) => [one(inside(value), 1).text, one(inside(value), 2).float]);
    expect(read(first!)).toEqual([['zero', 0]]);
    expect(read(second!)).toEqual([
      ['loss/critic', -1.5],
      ['loss/actor', 0.25],
    ]);
    expect(one(second!, 2).integer).toBe(2n ** 40n);
  });

  test('a text is a string tensor of the text plugin', () => {
    const writer = new EventWriter(folder);
    writer.text(3, 'remark', '**größer**');
    const value = inside(inside(one(events(writer)[1]!, 5))[0]!);
    expect(one(value, 1).text).toBe('remark/text_summary');
    expect(one(inside(one(inside(one(value, 9)), 1)), 1).text).toBe('text');
    expect(one(inside(one(value, 8)), 1).integer).toBe(7n);
    expect(one(inside(one(value, 8)), 8).text).toBe('**größer**');
  });

  test('hyperparameters are kept with their types', () => {
    const writer = new EventWriter(folder);
    writer.hyperparameters({ rate: 0.5, kind: 'linear', flag: false }, 'group');
    const value = inside(inside(one(events(writer)[1]!, 5))[0]!);
    expect(one(value, 1).text).toBe('_hparams_/session_start_info');
    const plugin = inside(one(inside(one(value, 9)), 1));
    expect(one(plugin, 1).text).toBe('hparams');
    const start = inside(one(inside(one(plugin, 2)), 3));
    const entries = start.filter(({ id }) => id === 1).map(inside);
    const named = new Map(entries.map((entry) => [one(entry, 1).text, inside(one(entry, 2))[0]!]));
    expect(named.get('rate')).toMatchObject({ id: 2, double: 0.5 });
    expect(named.get('kind')).toMatchObject({ id: 3, text: 'linear' });
    expect(named.get('flag')).toMatchObject({ id: 4, integer: 0n });
    expect(one(start, 4).text).toBe('group');
  });

  test('a session ends with success or failure', () => {
    for (const [succeeded, status] of [
      [true, 1n],
      [false, 2n],
    ] as const) {
      const writer = new EventWriter(folder);
      writer.sessionEnd(succeeded);
      const value = inside(inside(one(events(writer)[1]!, 5))[0]!);
      const data = inside(one(inside(one(inside(one(value, 9)), 1)), 2));
      expect(one(inside(one(data, 4)), 1).integer).toBe(status);
    }
  });

  test('a resumed run says from which step on older events are void', () => {
    const [, start] = events(new EventWriter(folder, { purgeStep: 101 }));
    expect(one(start!, 2).integer).toBe(101n);
    expect(one(inside(one(start!, 7)), 1).integer).toBe(1n);
  });
});

describe('record framing', () => {
  test('the checksum is the published CRC-32C, rotated and offset', () => {
    // CRC-32C of "123456789" is e3069283, the check value of the algorithm's catalogue entry.
    const record = Buffer.from(encodeRecord(Buffer.from('123456789')));
    const rotated = ((0xe3069283 >>> 15) | (0xe3069283 << 17)) >>> 0;
    expect(record.readUInt32LE(record.length - 4)).toBe((rotated + 0xa282ead8) % 2 ** 32);
    expect(record.readBigUInt64LE(0)).toBe(9n);
  });

  test('any data survives, and a changed byte does not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (data, at, change) => {
        const record = Uint8Array.from(encodeRecord(data));
        expect([...readRecords(record)[0]!]).toEqual([...data]);
        record[8 + (at % (record.length - 8))]! ^= change;
        expect(() => readRecords(record)).toThrow();
      }),
    );
  });
});

test('a nested configuration becomes dotted hyperparameters', () => {
  expect(
    flattenHyperparameters({ seed: 1, training: { layers: [1, 2], name: 'x', deep: { flag: true } }, nothing: null }),
  ).toEqual({ seed: 1, 'training.layers': '[1,2]', 'training.name': 'x', 'training.deep.flag': true });
});
