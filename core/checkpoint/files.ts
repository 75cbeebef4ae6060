import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** One write call takes at most this many bytes; the system's own limit is just under 2 GiB. */
const LARGEST_WRITE = 1 << 30;

const inProgress = new Set<string>();
let written = 0;

/**
 * Writes a file whole or not at all: under a temporary name beside `path`, flushed to disk, then renamed over it.
 * Several pieces are written one after the other without being joined in memory. The parent folder is made if missing.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array | readonly Uint8Array[]): void {
  const pieces = typeof data === 'string' ? [Buffer.from(data, 'utf8')] : data instanceof Uint8Array ? [data] : data;
  mkdirSync(dirname(path), { recursive: true });
  removeLeftovers(path);
  const temporary = temporaryName(path);
  inProgress.add(temporary);
  try {
    writePieces(temporary, pieces);
    renameSync(temporary, path);
    flushFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    inProgress.delete(temporary);
  }
}

/**
 * Writes a folder whole or not at all: `write` fills a temporary folder beside `path`, which is flushed and renamed.
 * An older folder at `path` is first renamed to `<path>.previous` and removed last, so that at every moment one
 * complete version exists; `completeFolder` finds it after a crash between the two renames.
 */
export async function writeFolderAtomic(
  path: string,
  write: (temporaryFolder: string) => Promise<void> | void,
): Promise<void> {
  const target = resolve(path);
  mkdirSync(dirname(target), { recursive: true });
  recoverFolder(target);
  const temporary = temporaryName(target);
  inProgress.add(temporary);
  try {
    mkdirSync(temporary);
    await write(temporary);
    flushTree(temporary);
    if (existsSync(target)) renameSync(target, previousName(target));
    renameSync(temporary, target);
    flushFolder(dirname(target));
    rmSync(previousName(target), { recursive: true, force: true });
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  } finally {
    inProgress.delete(temporary);
  }
}

/**
 * Where the newest complete version of a folder written by `writeFolderAtomic` lies: `path` itself, or the older
 * version that a crash during replacement left beside it; undefined when there is neither. Changes nothing on disk.
 */
export function completeFolder(path: string): string | undefined {
  const target = resolve(path);
  return [target, previousName(target)].find((candidate) => existsSync(candidate));
}

/** Puts back the older version when a crash left only that, and clears what interrupted writers left behind. */
function recoverFolder(target: string): void {
  const previous = previousName(target);
  if (existsSync(previous)) {
    if (existsSync(target)) rmSync(previous, { recursive: true, force: true });
    else renameSync(previous, target);
  }
  removeLeftovers(target);
}

function previousName(target: string): string {
  return `${target}.previous`;
}

/** The host and process are part of the name, so that a later writer knows whose leftover it is. */
function temporaryName(path: string): string {
  written += 1;
  return join(dirname(path), `${temporaryPrefix(path)}${process.pid}.${written}.temporary`);
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.${hostname()}.`;
}

/** Removes temporaries of `path` whose writer, a process of this machine, is no longer alive. */
function removeLeftovers(path: string): void {
  const folder = dirname(path);
  const prefix = temporaryPrefix(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.temporary')) continue;
    const leftover = join(folder, name);
    const writer = Number.parseInt(name.slice(prefix.length), 10);
    const alive = writer === process.pid ? inProgress.has(leftover) : isAlive(writer);
    if (!alive) rmSync(leftover, { recursive: true, force: true });
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function writePieces(path: string, pieces: readonly Uint8Array[]): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) {
      for (let done = 0; done < piece.length; )
        done += writeSync(file, piece, done, Math.min(piece.length - done, LARGEST_WRITE));
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function flushTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) flushTree(path);
    else flushPath(path);
  }
  flushFolder(folder);
}

/** Makes a rename durable; systems that cannot flush a folder (Windows) order renames themselves. */
function flushFolder(folder: string): void {
  if (process.platform !== 'win32') flushPath(folder);
}

function flushPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
