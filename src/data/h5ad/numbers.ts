import { type Dataset, Module as library } from 'h5wasm/node';
import { CausalPilotError } from '../../../core/errors.js';
import type { Hdf5Reader } from './hdf5-file.js';

/** Numbers as they are stored; 64-bit integers as the nearest 64-bit floats, half floats as 32-bit ones. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** HDF5 type classes. */
const [INTEGER, FLOAT, BIT_FIELD, ENUMERATION] = [0, 1, 4, 8];

/** Such as `float32`. */
export function describeType({ metadata: { type, size, signed } }: Dataset): string {
  if (type === INTEGER) return `${signed ? '' : 'u'}int${8 * size}`;
  if (type === FLOAT) return `float${8 * size}`;
  return type === ENUMERATION ? 'bool' : 'no numbers';
}

/** Whether `readNumbers` can read it. */
export function holdsNumbers({ metadata: { type, size } }: Dataset): boolean {
  return (
    ((type === INTEGER || type === ENUMERATION) && [1, 2, 4, 8].includes(size)) ||
    (type === FLOAT && [2, 4, 8].includes(size))
  );
}

/**
 * The block of a dataset that begins at `start` and has `count` entries along each axis, row by row.
 *
 * @throws CausalPilotError E_INPUT where it holds no numbers, or of a kind that has no place in a 64-bit float.
 */
export function readNumbers(
  reader: Hdf5Reader,
  dataset: Dataset,
  start: readonly number[],
  count: readonly number[],
): NumberArray {
  const { type, size } = dataset.metadata;
  if (!holdsNumbers(dataset)) {
    const kind = type === FLOAT ? `${8 * size}-bit floats; write them as float64` : 'no real numbers';
    throw reader.invalid(`'${dataset.path}' holds ${type === BIT_FIELD ? 'bit fields' : kind}`);
  }
  if (count.includes(0)) return new Float64Array(0);
  return reader.attempt(dataset.path, () => {
    if (type === FLOAT && size === 2) return fromHalfFloats(readBytes(dataset, start, count));
    const values = dataset.slice(start.map((from, axis) => [from, from + (count[axis] ?? 0)]));
    if (values instanceof BigInt64Array) return fromInt64(values);
    if (values instanceof BigUint64Array) return fromUint64(values);
    if (!ArrayBuffer.isView(values)) throw new CausalPilotError('E_INPUT', `${dataset.path} holds no numbers`);
    return values as NumberArray;
  });
}

/** The bytes of a block, which the library does not decode for every type. */
function readBytes(dataset: Dataset, start: readonly number[], count: readonly number[]): Uint8Array {
  const bytes = count.reduce((product, entries) => product * entries, dataset.metadata.size);
  const pointer = library._malloc(bytes);
  try {
    const strides = count.map(() => 1n);
    const place = [count.map(BigInt), start.map(BigInt), strides] as const;
    library.get_dataset_data(dataset.file_id, dataset.path, ...place, BigInt(pointer));
    return library.HEAPU8.slice(pointer, pointer + bytes);
  } finally {
    library._free(pointer);
  }
}

function fromHalfFloats(bytes: Uint8Array): Float32Array {
  return Float32Array.from(new Uint16Array(bytes.buffer), (bits) => {
    const sign = bits >= 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

// By halves of 32 bits: a big integer for every entry of a large matrix takes many times as long.

function fromInt64({ buffer, byteOffset, length }: BigInt64Array): Float64Array {
  const low = new Uint32Array(buffer, byteOffset, 2 * length);
  const high = new Int32Array(buffer, byteOffset, 2 * length);
  return Float64Array.from({ length }, (_, i) => low[2 * i]! + 2 ** 32 * high[2 * i + 1]!);
}

function fromUint64({ buffer, byteOffset, length }: BigUint64Array): Float64Array {
  const halves = new Uint32Array(buffer, byteOffset, 2 * length);
  return Float64Array.from({ length }, (_, i) => halves[2 * i]! + 2 ** 32 * halves[2 * i + 1]!);
}
