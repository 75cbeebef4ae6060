import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  hasCheckpoint,
  readCheckpoint,
  readCheckpointManifest,
  writeCheckpoint,
} from '../../../core/checkpoint/manifest.js';

let root: string;
let folder: string;
const schemas = {
  kind: 'policy',
  config: z.strictObject({ layers: z.int() }),
  metadata: z.strictObject({ step: z.int(), note: z.string() }),
};
const tensors = new Map([
  ['encoder/weight', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ['encoder/bias', { shape: [2], data: Float32Array.of(0.5, -0.5) }],
]);
const replay = new Map([['rewards', { shape: [3], data: Float32Array.of(1, 0, 1) }]]);

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-manifest-'));
  folder = join(root, 'best');
  await writeCheckpoint(folder, {
    kind: 'policy',
    tensors,
    parts: { replay },
    config: { layers: 2 },
    metadata: { step: 7, note: 'naïve "manifestSha256": "' },
    created: new Date('2026-01-02T03:04:05Z'),
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (path = folder) => readCheckpoint(path, { ...schemas, parts: ['replay'] });
const edit = (file: string, change: (text: string) => string) => {
  const path = join(folder, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
};

describe('checkpoint folder', () => {
  test('comes back as it was written', () => {
    const checkpoint = read();
    expect(checkpoint.config).toEqual({ layers: 2 });
    expect(checkpoint.metadata.step).toBe(7);
    expect(checkpoint.tensors).toEqual(tensors);
    expect(checkpoint.parts).toEqual({ replay });
    expect(checkpoint.manifest).toMatchObject({
      kind: 'policy',
      created: '2026-01-02T03:04:05.000Z',
      formatVersion: 1,
    });
    expect(readCheckpointManifest(folder)).toEqual(checkpoint.manifest);
    expect(readdirSync(folder).sort()).toEqual(['manifest.json', 'replay.safetensors', 'weights.safetensors']);
  });

  test('the manifest lists the SHA-256 of each file', () => {
    for (const file of ['weights.safetensors', 'replay.safetensors']) {
      const bytes = readFileSync(join(folder, file));
      expect(read().manifest.files[file]).toEqual({
        sha256: createHash('sha256').update(bytes).digest('hex'),
        bytes: bytes.length,
      });
    }
  });

  test('the same contents give the same bytes', async () => {
    const { manifest } = read();
    const again = join(root, 'again');
    await writeCheckpoint(again, {
      kind: manifest.kind,
      tensors,
      parts: { replay },
      config: manifest.config,
      metadata: manifest.metadata,
      created: new Date(manifest.created),
    });
    for (const file of readdirSync(folder))
      expect(readFileSync(join(again, file))).toEqual(readFileSync(join(folder, file)));
  });

  test('changing any byte of any file is detected', () => {
    const originals = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))] as const);
    fc.assert(
      fc.property(fc.constantFrom(...originals), fc.nat(), fc.integer({ min: 1, max: 255 }), (original, at, change) => {
        const [file, bytes] = original;
        const damaged = Uint8Array.from(bytes);
        damaged[at % bytes.length]! ^= change;
        writeFileSync(join(folder, file), damaged);
        try {
          expect(() => read()).toThrow(expect.objectContaining({ code: 'E_CHECKPOINT' }));
        } finally {
          writeFileSync(join(folder, file), bytes);
        }
      }),
      { numRuns: 600 },
    );
    expect(read().tensors).toEqual(tensors);
  });

  test('flipping each single byte of the manifest is detected', () => {
    const path = join(folder, 'manifest.json');
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1;
      writeFileSync(path, damaged);
      expect(() => read()).toThrow(expect.objectContaining({ code: 'E_CHECKPOINT' }));
    }
  });

  test('parts that are not asked for are not read', () => {
    rmSync(join(folder, 'replay.safetensors'));
    expect(readCheckpoint(folder, schemas).parts).toEqual({});
    expect(() => read()).toThrow('replay.safetensors: the file cannot be read: it does not exist');
  });

  test('the version left by a crash during replacement is found', () => {
    renameSync(folder, `${folder}.previous`);
    expect(hasCheckpoint(folder)).toBe(true);
    expect(read().metadata.step).toBe(7);
  });

  test('what cannot be kept as JSON is refused before anything is written', async () => {
    const path = join(root, 'nan');
    const writing = writeCheckpoint(path, {
      kind: 'policy',
      tensors,
      config: {},
      metadata: { best: { value: -Infinity } },
    });
    await expect(writing).rejects.toThrow('metadata.best.value is -Infinity, which JSON cannot hold; leave it out');
    expect(hasCheckpoint(path)).toBe(false);
    const badName = writeCheckpoint(path, {
      kind: 'policy',
      tensors,
      parts: { '../x': replay },
      config: {},
      metadata: {},
    });
    await expect(badName).rejects.toThrow("not '../x'");
    expect(readdirSync(root)).toEqual(['best']);
  });
});

describe('each thing wrong has one sentence', () => {
  test('missing folder', () => {
    expect(() => read('/nowhere/at/all')).toThrow(
      'checkpoint /nowhere/at/all: the folder does not exist; check the path',
    );
  });

  test('missing manifest', () => {
    rmSync(join(folder, 'manifest.json'));
    expect(() => read()).toThrow(`${folder}/manifest.json: the file cannot be read: it does not exist`);
  });

  test('damaged weights of the same and of another length', () => {
    const weights = join(folder, 'weights.safetensors');
    const bytes = readFileSync(weights);
    const last = bytes.length - 1;
    writeFileSync(weights, Buffer.concat([bytes.subarray(0, last), Buffer.from([bytes[last]! ^ 255])]));
    expect(() => read()).toThrow(
      `checkpoint ${weights}: its hash does not match the manifest, so it is damaged; restore it from a copy`,
    );
    writeFileSync(weights, bytes.subarray(0, last));
    expect(() => read()).toThrow(`it has ${last} bytes instead of ${last + 1}; restore it from a copy`);
  });

  test('wrong kind', () => {
    expect(() => readCheckpoint(folder, { ...schemas, kind: 'graph-posterior' })).toThrow(
      `checkpoint ${folder}: it holds a 'policy', but a 'graph-posterior' is needed; give another folder`,
    );
  });

  test('newer format, even with fields that are unknown here', () => {
    edit('manifest.json', (text) => text.replace('"formatVersion": 1', '"formatVersion": 2, "compression": "zstd"'));
    expect(() => read()).toThrow('it has format version 2, this program reads up to 1; update causal-pilot');
  });

  test('edited by hand, cut, or another JSON file', () => {
    edit('manifest.json', (text) => text.replace('"step": 7', '"step": 8'));
    expect(() => read()).toThrow('its hash does not match, so it was damaged or edited; restore it from a copy');
    edit('manifest.json', (text) => text.slice(0, 50));
    expect(() => read()).toThrow('it is not valid JSON, so it is damaged');
    edit('manifest.json', () => '{"name": "something else"}');
    expect(() => read()).toThrow("it is not the manifest of a causal-pilot checkpoint: 'format': Invalid input");
  });

  test('config and metadata that do not fit', () => {
    const other = join(root, 'other');
    cpSync(folder, other, { recursive: true });
    expect(() => readCheckpoint(other, { ...schemas, config: z.strictObject({ width: z.int() }) })).toThrow(
      `checkpoint ${other}: its config does not fit this program: 'width'`,
    );
    expect(() => readCheckpoint(other, { ...schemas, metadata: z.strictObject({ step: z.string() }) })).toThrow(
      `its metadata does not fit this program: 'step'`,
    );
  });

  test('non-finite weights, unless they are asked for', async () => {
    const bad = join(root, 'bad');
    const broken = new Map([['w', { shape: [1], data: Float32Array.of(Number.NaN) }]]);
    await writeCheckpoint(bad, {
      kind: 'policy',
      tensors: broken,
      config: { layers: 1 },
      metadata: { step: 1, note: '' },
    });
    expect(() => readCheckpoint(bad, schemas)).toThrow("tensor 'w' holds the non-finite value NaN at element 0");
    expect(readCheckpoint(bad, { ...schemas, finite: false }).tensors.get('w')?.data[0]).toBeNaN();
  });
});
