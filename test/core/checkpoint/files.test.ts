import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeFolder, writeFileAtomic, writeFolderAtomic } from '../../../core/checkpoint/files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The id of a process that has surely ended. */
function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('writeFileAtomic', () => {
  test('writes text, bytes and pieces, makes parents and leaves nothing beside the file', () => {
    const path = join(folder, 'a', 'b', 'file.txt');
    writeFileAtomic(path, 'é1');
    expect(readFileSync(path, 'utf8')).toBe('é1');
    writeFileAtomic(path, Uint8Array.of(1, 2));
    writeFileAtomic(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file.txt']);
  });

  test('keeps the old file when the new one cannot be written', () => {
    mkdirSync(join(folder, 'occupied', 'inside'), { recursive: true });
    expect(() => writeFileAtomic(join(folder, 'occupied'), 'x')).toThrow();
    expect(readdirSync(folder)).toEqual(['occupied']);
  });

  test('clears the leftovers of dead writers only', () => {
    const leftover = (processId: number, host = hostname()) => `.file.txt.${host}.${processId}.1.temporary`;
    const [dead, alive, elsewhere] = [leftover(deadProcess()), leftover(process.ppid), leftover(1, 'another-host')];
    for (const name of [dead, alive, elsewhere]) writeFileSync(join(folder, name), 'half');
    writeFileAtomic(join(folder, 'file.txt'), 'whole');
    expect(readdirSync(folder).sort()).toEqual([alive, elsewhere, 'file.txt'].sort());
  });
});

describe('writeFolderAtomic', () => {
  const version = (text: string) => (temporary: string) => writeFileSync(join(temporary, 'content'), text);
  const content = (path: string) => readFileSync(join(path, 'content'), 'utf8');

  test('replaces a folder completely', async () => {
    const path = join(folder, 'checkpoint');
    await writeFolderAtomic(path, (temporary) => {
      writeFileSync(join(temporary, 'stale'), '');
      mkdirSync(join(temporary, 'nested'));
      writeFileSync(join(temporary, 'nested', 'file'), '');
    });
    await writeFolderAtomic(path, version('2'));
    expect(readdirSync(path)).toEqual(['content']);
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  test('a writer that fails leaves the old version and no temporary', async () => {
    const path = join(folder, 'checkpoint');
    await writeFolderAtomic(path, version('1'));
    const failing = writeFolderAtomic(path, async (temporary) => {
      version('2')(temporary);
      throw new Error('disk full');
    });
    await expect(failing).rejects.toThrow('disk full');
    expect(content(path)).toBe('1');
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  test('a crash between the two renames leaves a readable version, and the next write recovers', async () => {
    const path = join(folder, 'checkpoint');
    await writeFolderAtomic(path, version('1'));
    renameSync(path, `${path}.previous`);
    const half = join(folder, `.checkpoint.${hostname()}.${deadProcess()}.1.temporary`);
    mkdirSync(half);
    expect(completeFolder(path)).toBe(`${path}.previous`);
    await expect(writeFolderAtomic(path, () => Promise.reject(new Error('again')))).rejects.toThrow('again');
    expect(content(path)).toBe('1');
    await writeFolderAtomic(path, version('2'));
    expect(content(path)).toBe('2');
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  test('a crash after the second rename leaves the new version, and the older one is cleared', async () => {
    const path = join(folder, 'checkpoint');
    await writeFolderAtomic(path, version('2'));
    mkdirSync(`${path}.previous`);
    version('1')(`${path}.previous`);
    expect(completeFolder(path)).toBe(path);
    await writeFolderAtomic(path, version('3'));
    expect(content(path)).toBe('3');
    expect(existsSync(`${path}.previous`)).toBe(false);
  });

  test('a process killed while writing leaves a complete version at every moment', async () => {
    const path = join(folder, 'checkpoint');
    await writeFolderAtomic(path, version('1'));
    const half = join(folder, `.checkpoint.${hostname()}.${deadProcess()}.7.temporary`);
    mkdirSync(half);
    writeFileSync(join(half, 'content'), 'ha');
    expect(completeFolder(path)).toBe(path);
    expect(content(path)).toBe('1');
  });

  test('there is no complete folder where none was written', () => {
    expect(completeFolder(join(folder, 'nothing'))).toBeUndefined();
  });
});
