import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip, gunzipSync, constants as zlib } from 'node:zlib';
import { CausalPilotError } from '../../../core/errors.js';

/** Bytes from which encoding and line ends are told. */
const SAMPLE_BYTES = 1 << 16;

/** First bytes of files that are no text, and what to do with them. */
const FOREIGN_FORMATS: readonly (readonly [readonly number[], string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'it is a spreadsheet (.xlsx) or another zip archive; save it as comma-separated text'],
  [[0x89, 0x48, 0x44, 0x46], 'it is an HDF5 file; name it .h5ad if it holds an AnnData table'],
  [[0x42, 0x5a, 0x68], 'it is compressed by bzip2; unpack it or compress it by gzip'],
  [[0xfd, 0x37, 0x7a, 0x58], 'it is compressed by xz; unpack it or compress it by gzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'it is compressed by zstd; unpack it or compress it by gzip'],
  [[0x50, 0x41, 0x52, 0x31], 'it is a Parquet file; save it as comma-separated text'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'it is a spreadsheet (.xls); save it as comma-separated text'],
];

/** A text file, unpacked where it is compressed by gzip, whatever its name. */
export interface TextFile {
  readonly path: string;
  /** The beginning of the text. */
  readonly sample: string;
  /** The whole text in pieces, without a byte order mark. */
  open(): Readable;
}

/**
 * Looks at the beginning of a text file.
 *
 * @throws CausalPilotError E_INPUT where it cannot be read, is empty, in another encoding than UTF-8, or no text.
 */
export function inspectTextFile(path: string): TextFile {
  const start = readStart(path);
  const isCompressed = startsWith(start, [0x1f, 0x8b]);
  if (!isCompressed && path.toLowerCase().endsWith('.gz'))
    throw refused(path, 'it is not compressed by gzip, as its name says; name it without .gz');
  const bytes = isCompressed ? unpackStart(path, start) : start;
  checkEncoding(path, bytes);
  return {
    path,
    sample: bytes.toString('utf8').replace(/^\uFEFF/, ''),
    open: () => openStream(path, isCompressed),
  };
}

function openStream(path: string, isCompressed: boolean): Readable {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!isCompressed) return file.setEncoding('utf8');
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  // Papa Parse takes the stream by its events, which `pipeline` would close on an early end.
  return file.pipe(unpacked).setEncoding('utf8');
}

function readStart(path: string): Buffer {
  const bytes = Buffer.alloc(SAMPLE_BYTES);
  try {
    if (statSync(path).isDirectory()) throw refused(path, 'it is a folder; name the file with the table');
    const file = openSync(path, 'r');
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, SAMPLE_BYTES, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof CausalPilotError) throw error;
    throw new CausalPilotError('E_INPUT', `${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
}

function unpackStart(path: string, start: Buffer): Buffer {
  try {
    return gunzipSync(start, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, SAMPLE_BYTES);
  } catch (cause) {
    throw new CausalPilotError('E_INPUT', `${path}: damaged: it begins like a gzip file but cannot be unpacked`, {
      cause,
    });
  }
}

function checkEncoding(path: string, bytes: Buffer): void {
  if (bytes.length === 0) throw refused(path, 'it is empty');
  for (const [magic, remedy] of FOREIGN_FORMATS) if (startsWith(bytes, magic)) throw refused(path, remedy);
  const marked = startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff]);
  const zeros = bytes.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
  if (marked || zeros > bytes.length / 8)
    throw refused(path, 'it is UTF-16 text; save it as UTF-8 (in a spreadsheet: "CSV UTF-8")');
  if (zeros > 0) throw refused(path, 'it is no text: it has bytes of value 0');
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, position) => bytes[position] === byte);
}

export function refused(path: string, reason: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', `${path}: cannot be read as a table: ${reason}`);
}
