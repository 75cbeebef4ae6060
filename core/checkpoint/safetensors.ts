import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { CausalPilotError } from '../errors.js';
import { writeFileAtomic } from './files.js';
import { decodeJson, findDuplicateKey } from './json-keys.js';

// File layout (safetensors 0.4 and later): u64le header length, JSON header padded with spaces to a multiple of 8,
// then the tensors' bytes, little-endian, without gaps, widest element type first so that every tensor is aligned.

/** The array types that a tensor may have, and with them its element type in the file. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** One named array: `data` holds the product of `shape` elements, row-major; the shape of a scalar is `[]`. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type TensorMap = ReadonlyMap<string, StoredTensor>;

export interface SafetensorsContents {
  readonly tensors: Map<string, StoredTensor>;
  /** The header's `__metadata__`: strings only. */
  readonly metadata: Record<string, string>;
}

export interface ReadSafetensorsOptions {
  /** Refuse NaN and infinities. @defaultValue false */
  readonly finite?: boolean;
}

interface ArrayType {
  new (buffer: ArrayBuffer): TensorData;
  readonly BYTES_PER_ELEMENT: number;
}

/** Written with the first type that fits, so arrays of bytes become U8 and never BOOL. */
const ELEMENT_TYPES: ReadonlyMap<string, ArrayType> = new Map<string, ArrayType>([
  ['F64', Float64Array],
  ['F32', Float32Array],
  ['I64', BigInt64Array],
  ['I32', Int32Array],
  ['I16', Int16Array],
  ['I8', Int8Array],
  ['U64', BigUint64Array],
  ['U32', Uint32Array],
  ['U16', Uint16Array],
  ['U8', Uint8Array],
  ['BOOL', Uint8Array],
]);

const LENGTH_BYTES = 8;
/** The limit that the reference implementation sets; a larger length means that this is another kind of file. */
const LARGEST_HEADER = 100_000_000;
const LARGEST_READ = 1 << 30;

const Size = z.int().nonnegative();
const HeaderEntry = z.strictObject({ dtype: z.string(), shape: z.array(Size), data_offsets: z.tuple([Size, Size]) });
// The value itself is kept: a parsed record would lose the name `__proto__`.
const HeaderMetadata = z.custom<Record<string, string>>(
  (value) => z.record(z.string(), z.string()).safeParse(value).success,
);
type HeaderEntry = z.infer<typeof HeaderEntry>;

/**
 * The file's bytes in pieces, the tensors' own memory among them (nothing is copied).
 *
 * @throws CausalPilotError E_SHAPE when a shape does not fit its data; E_STATE for the reserved name `__metadata__`.
 */
export function encodeSafetensors(tensors: TensorMap, metadata: Record<string, string> = {}): Uint8Array[] {
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || compareNames(nameA, nameB),
  );
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let offset = 0;
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor);
    const end = offset + tensor.data.byteLength;
    entries.push([name, { dtype: elementTypeOf(tensor.data), shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const text = JSON.stringify(Object.fromEntries(entries));
  const unpadded = Buffer.byteLength(text);
  const header = Buffer.alloc(LENGTH_BYTES + Math.ceil(unpadded / LENGTH_BYTES) * LENGTH_BYTES, ' ');
  header.writeBigUInt64LE(BigInt(header.length - LENGTH_BYTES));
  header.write(text, LENGTH_BYTES);
  return [header, ...ordered.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/** Writes a safetensors file whole or not at all. */
export function writeSafetensors(path: string, tensors: TensorMap, metadata: Record<string, string> = {}): void {
  writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/**
 * Reads a safetensors file; BOOL tensors come as bytes 0 and 1.
 *
 * @throws CausalPilotError E_CHECKPOINT naming the file and what is wrong with it.
 */
export function readSafetensors(path: string, options: ReadSafetensorsOptions = {}): SafetensorsContents {
  return decodeSafetensors(readBytes(path), path, options);
}

/** As `readSafetensors`, from bytes in memory; `source` names them in errors. */
export function decodeSafetensors(
  bytes: Uint8Array,
  source: string,
  options: ReadSafetensorsOptions = {},
): SafetensorsContents {
  const { header, dataStart } = parseHeader(bytes, source);
  const metadata = parsePart(HeaderMetadata, header.get('__metadata__') ?? {}, source, "the header's __metadata__");
  header.delete('__metadata__');
  const entries = [...header].map(
    ([name, value]) => [name, parsePart(HeaderEntry, value, source, `the header entry of tensor '${name}'`)] as const,
  );
  checkLayout(entries, bytes.length - dataStart, source);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of entries) {
    const [start, end] = entry.data_offsets;
    // A copy: views into the file's memory would keep all of it alive, and may be unaligned in files of other writers.
    const buffer = new Uint8Array(bytes.subarray(dataStart + start, dataStart + end)).buffer;
    const data = new (elementType(entry.dtype, name, source))(buffer);
    if (options.finite) checkFinite(data, name, source);
    tensors.set(name, { shape: entry.shape, data });
  }
  return { tensors, metadata };
}

/** The bytes of a checkpoint's file. @throws CausalPilotError E_CHECKPOINT when it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    const file = openSync(path, 'r');
    try {
      return readWhole(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'it does not exist' : (error as Error).message;
    throw new CausalPilotError('E_CHECKPOINT', `${path}: the file cannot be read: ${reason}`, { cause: error });
  }
}

/** In slices, because one read call takes less than 2 GiB. */
function readWhole(file: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(file).size);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(file, bytes, done, Math.min(bytes.length - done, LARGEST_READ), done);
    if (count === 0) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}

function parseHeader(bytes: Uint8Array, source: string): { header: Map<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) throw corrupt(source, `it is only ${bytes.length} bytes long`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LARGEST_HEADER) throw corrupt(source, `a header of ${length} bytes is too long`);
  const dataStart = LENGTH_BYTES + length;
  if (dataStart > bytes.length)
    throw corrupt(source, `it is ${bytes.length} bytes long, but its header alone ends at ${dataStart}`);
  const parsed = parseHeaderText(bytes.subarray(LENGTH_BYTES, dataStart), source);
  return { header: new Map(Object.entries(parsed)), dataStart };
}

function parseHeaderText(bytes: Uint8Array, source: string): object {
  let text: string;
  let parsed: unknown;
  try {
    ({ text, parsed } = decodeJson(bytes));
  } catch (error) {
    throw corrupt(source, 'its header is not valid JSON', error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw corrupt(source, 'its header is not a JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw corrupt(source, `its header has the name '${duplicate}' twice`);
  return parsed;
}

function parsePart<T>(schema: z.ZodType<T>, value: unknown, source: string, what: string): T {
  const result = schema.safeParse(value);
  if (!result.success) throw corrupt(source, `${what} is malformed`, result.error);
  return result.data;
}

/** Every byte must belong to exactly one tensor, as in the reference implementation. */
function checkLayout(entries: readonly (readonly [string, HeaderEntry])[], dataBytes: number, source: string): void {
  const ordered = [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let covered = 0;
  for (const [name, { dtype, shape, data_offsets }] of ordered) {
    const [start, end] = data_offsets;
    if (start < covered) throw corrupt(source, `tensor '${name}' overlaps the tensor before it`);
    if (start > covered) throw corrupt(source, `${start - covered} bytes before tensor '${name}' belong to no tensor`);
    const wanted = elementType(dtype, name, source).BYTES_PER_ELEMENT * elementCount(shape);
    if (end - start !== wanted)
      throw corrupt(source, `tensor '${name}' [${shape}] of type ${dtype} needs ${wanted} bytes, not ${end - start}`);
    if (end > dataBytes)
      throw corrupt(source, `tensor '${name}' ends at byte ${end} of the data, which has ${dataBytes} (truncated?)`);
    covered = end;
  }
  if (covered !== dataBytes)
    throw corrupt(source, `${dataBytes - covered} bytes after the last tensor are unexplained`);
}

function elementType(dtype: string, name: string, source: string): ArrayType {
  const type = ELEMENT_TYPES.get(dtype);
  if (type === undefined)
    throw corrupt(
      source,
      `tensor '${name}' has type ${dtype}; known types are ${[...ELEMENT_TYPES.keys()].join(', ')}`,
    );
  return type;
}

function elementTypeOf(data: TensorData): string {
  for (const [name, type] of ELEMENT_TYPES) if (data instanceof type) return name;
  throw new CausalPilotError('E_SHAPE', 'encodeSafetensors: data must be a typed array');
}

function checkTensor(name: string, { shape, data }: StoredTensor): void {
  if (name === '__metadata__')
    throw new CausalPilotError('E_STATE', "encodeSafetensors: the name '__metadata__' is reserved; rename the tensor");
  if (shape.some((size) => !Number.isInteger(size) || size < 0) || elementCount(shape) !== data.length)
    throw new CausalPilotError(
      'E_SHAPE',
      `encodeSafetensors: tensor '${name}' has shape [${shape.join(', ')}] but ${data.length} elements`,
    );
}

function checkFinite(data: TensorData, name: string, source: string): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return;
  const position = data.findIndex((value) => !Number.isFinite(value));
  if (position !== -1)
    throw corrupt(source, `tensor '${name}' holds the non-finite value ${data[position]} at element ${position}`);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function corrupt(source: string, problem: string, cause?: unknown): CausalPilotError {
  return new CausalPilotError(
    'E_CHECKPOINT',
    `${source}: not a usable safetensors file: ${problem}; restore or rewrite the file`,
    { cause },
  );
}
