import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from '../../../core/checkpoint/safetensors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with any header, to play a damaged or foreign writer. */
function fileWith(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text), data]);
}
const decode = (bytes: Uint8Array) => decodeSafetensors(bytes, 'x.safetensors');
const entry = (dtype: string, shape: unknown, start: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

const every: [string, StoredTensor][] = [
  ['u8', { shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ['f32', { shape: [2, 2], data: Float32Array.of(1.5, -0, 3e-41, -7) }],
  ['f64', { shape: [1], data: Float64Array.of(Math.PI) }],
  ['i8', { shape: [1], data: Int8Array.of(-128) }],
  ['i16', { shape: [2], data: Int16Array.of(-1, 2) }],
  ['u16', { shape: [1], data: Uint16Array.of(65535) }],
  ['i32', { shape: [], data: Int32Array.of(-5) }],
  ['u32', { shape: [1], data: Uint32Array.of(4294967295) }],
  ['i64', { shape: [2], data: BigInt64Array.of(-1n, 2n) }],
  ['u64', { shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  ['empty', { shape: [0, 4], data: new Float32Array(0) }],
];

describe('safetensors', () => {
  test('every element type, scalars and empty tensors survive a file', () => {
    const path = join(folder, 'every.safetensors');
    writeSafetensors(path, new Map(every), { kind: 'test', note: 'ü "quoted"' });
    const { tensors, metadata } = readSafetensors(path);
    expect(metadata).toEqual({ kind: 'test', note: 'ü "quoted"' });
    expect([...tensors].sort()).toEqual([...every].sort());
  });

  test('the layout: padded header, data aligned to 8, widest type first, no gaps', () => {
    const bytes = Buffer.concat(encodeSafetensors(new Map(every)));
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    const header: Record<string, { dtype: string; data_offsets: [number, number] }> = JSON.parse(
      bytes.toString('utf8', 8, 8 + length),
    );
    expect(Object.keys(header).slice(0, 3)).toEqual(['f64', 'i64', 'u64']);
    const widths: Record<string, number> = { F64: 8, I64: 8, U64: 8, F32: 4, I32: 4, U32: 4, I16: 2, U16: 2 };
    for (const { dtype, data_offsets } of Object.values(header)) expect(data_offsets[0] % (widths[dtype] ?? 1)).toBe(0);
    expect(Math.max(...Object.values(header).map(({ data_offsets }) => data_offsets[1]))).toBe(
      bytes.length - 8 - length,
    );
  });

  test('bytes written out by hand are read as the format says', () => {
    const data = Buffer.alloc(12);
    data.writeFloatLE(0.25, 0);
    data.writeFloatLE(-2, 4);
    data.writeInt32LE(-3, 8);
    const { tensors } = decode(
      fileWith({ w: entry('F32', [1, 2], 0, 8), n: entry('I32', [], 8, 12), __metadata__: { a: 'b' } }, data),
    );
    expect(tensors.get('w')).toEqual({ shape: [1, 2], data: Float32Array.of(0.25, -2) });
    expect(tensors.get('n')).toEqual({ shape: [], data: Int32Array.of(-3) });
  });

  test('unaligned tensors of other writers are read', () => {
    const data = Buffer.alloc(5);
    data.writeUInt8(1, 0);
    data.writeFloatLE(0.5, 1);
    const { tensors } = decode(fileWith({ flag: entry('BOOL', [1], 0, 1), w: entry('F32', [1], 1, 5) }, data));
    expect(tensors.get('w')?.data).toEqual(Float32Array.of(0.5));
    expect(tensors.get('flag')?.data).toEqual(Uint8Array.of(1));
  });

  test('random tensors, also views into larger memory, survive', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ maxLength: 8 }).filter((name) => name !== '__metadata__'),
          fc.float32Array({ maxLength: 9 }),
        ),
        fc.dictionary(fc.string(), fc.string()),
        (arrays, metadata) => {
          const tensors = new Map(
            Object.entries(arrays).map(([name, values]) => {
              const larger = new Float32Array(values.length + 2);
              larger.set(values, 1);
              return [name, { shape: [values.length], data: larger.subarray(1, values.length + 1) }] as const;
            }),
          );
          const back = decode(Buffer.concat(encodeSafetensors(tensors, metadata)));
          expect(back.metadata).toEqual(metadata);
          expect(new Map(back.tensors)).toEqual(tensors);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a file cut anywhere is refused', () => {
    const bytes = Buffer.concat(encodeSafetensors(new Map(every), { kind: 'test' }));
    for (let length = 0; length < bytes.length; length++)
      expect(() => decode(bytes.subarray(0, length))).toThrow(
        /^x\.safetensors: not a usable safetensors file: .*; restore or rewrite the file$/,
      );
  });

  test('arbitrary bytes never end in anything but E_CHECKPOINT', () => {
    const attempt = (bytes: Uint8Array) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_CHECKPOINT' });
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), attempt));
    fc.assert(fc.property(fc.json(), fc.uint8Array({ maxLength: 8 }), (json, data) => attempt(fileWith(json, data))));
  });

  const four = new Uint8Array(4);
  test.each<[string, Uint8Array, string]>([
    ['no JSON', fileWith('{nonsense'), 'its header is not valid JSON'],
    ['invalid UTF-8', Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), 'its header is not valid JSON'],
    ['an array', fileWith([]), 'its header is not a JSON object'],
    ['a huge header', Buffer.alloc(16, 0xff), 'a header of 18446744073709552000 bytes is too long'],
    ['no entry', fileWith({ w: 5 }), "the header entry of tensor 'w' is malformed"],
    ['a negative size', fileWith({ w: entry('F32', [-1], 0, 4) }, four), "the header entry of tensor 'w' is malformed"],
    ['extra fields', fileWith({ w: { ...entry('F32', [1], 0, 4), x: 1 } }, four), "tensor 'w' is malformed"],
    ['metadata of numbers', fileWith({ __metadata__: { a: 1 } }), "the header's __metadata__ is malformed"],
    ['an unknown type', fileWith({ w: entry('F8_E4M3', [4], 0, 4) }, four), "tensor 'w' has type F8_E4M3; known types"],
    ['a wrong size', fileWith({ w: entry('F32', [2], 0, 4) }, four), "tensor 'w' [2] of type F32 needs 8 bytes, not 4"],
    ['end before start', fileWith({ w: entry('F32', [1], 4, 0) }, four), '4 bytes before'],
    ['an end outside', fileWith({ w: entry('F32', [2], 0, 8) }, four), 'ends at byte 8 of the data, which has 4'],
    ['a tail', fileWith({ w: entry('U8', [3], 0, 3) }, four), '1 bytes after the last tensor are unexplained'],
    ['a hole', fileWith({ w: entry('U8', [2], 2, 4) }, four), "2 bytes before tensor 'w' belong to no tensor"],
    [
      'an overlap',
      fileWith({ a: entry('U8', [4], 0, 4), b: entry('U8', [2], 2, 4) }, four),
      "tensor 'b' overlaps the tensor before it",
    ],
    [
      'a name twice',
      fileWith(
        `{"w":${JSON.stringify(entry('U8', [4], 0, 4))},"\\u0077":${JSON.stringify(entry('U8', [4], 0, 4))}}`,
        four,
      ),
      "its header has the name 'w' twice",
    ],
    [
      'a field twice',
      fileWith('{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"dtype":"I8"}}', four),
      "its header has the name 'dtype' twice",
    ],
    ['a huge shape', fileWith({ w: entry('U8', [2 ** 31, 2 ** 31, 2 ** 31], 0, 4) }, four), 'needs'],
  ])('%s is refused', (_, bytes, sentence) => {
    expect(() => decode(bytes)).toThrow(sentence);
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'E_CHECKPOINT' }));
  });

  test('non-finite values are refused on request, with tensor and element', () => {
    const bytes = Buffer.concat(
      encodeSafetensors(new Map([['layer/weight', { shape: [3], data: Float32Array.of(1, Number.NaN, 2) }]])),
    );
    expect(decode(bytes).tensors.get('layer/weight')?.data[1]).toBeNaN();
    expect(() => decodeSafetensors(bytes, 'x.safetensors', { finite: true })).toThrow(
      "tensor 'layer/weight' holds the non-finite value NaN at element 1",
    );
  });

  test('a missing file and a folder are named', () => {
    expect(() => readSafetensors(join(folder, 'none.safetensors'))).toThrow(
      `${join(folder, 'none.safetensors')}: the file cannot be read: it does not exist`,
    );
    expect(() => readSafetensors(folder)).toThrow(expect.objectContaining({ code: 'E_CHECKPOINT' }));
  });

  test('a shape that does not fit is the caller’s mistake and nothing is written', () => {
    const path = join(folder, 'never.safetensors');
    const write = (name: string, tensor: StoredTensor) => () => writeSafetensors(path, new Map([[name, tensor]]));
    expect(write('w', { shape: [2], data: new Float32Array(3) })).toThrow(
      "encodeSafetensors: tensor 'w' has shape [2] but 3 elements",
    );
    expect(write('__metadata__', { shape: [1], data: new Float32Array(1) })).toThrow('is reserved');
    expect(() => readFileSync(path)).toThrow();
  });

  test('a file replaced by a shorter one is read as the shorter one', () => {
    const path = join(folder, 'shorter.safetensors');
    writeFileSync(path, Buffer.alloc(1000));
    writeSafetensors(path, new Map([['w', { shape: [1], data: Float32Array.of(2) }]]));
    expect(readSafetensors(path).tensors.get('w')?.data).toEqual(Float32Array.of(2));
  });
});
