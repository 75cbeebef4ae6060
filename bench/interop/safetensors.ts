import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../core/checkpoint/safetensors.js';
import { type InteropResult, missingForPython, runPython } from './python.js';

// Reads our file, prints what it finds, and writes the same tensors with the reference implementation.
const SCRIPT = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
ours, theirs = sys.argv[1:]
tensors = load_file(ours)
with safe_open(ours, framework="np") as file:
    metadata = file.metadata()
save_file(tensors, theirs, metadata=metadata)
print(json.dumps({
    "metadata": metadata,
    "tensors": {
        name: {"dtype": str(t.dtype), "shape": list(t.shape), "values": [repr(v) for v in t.flatten().tolist()]}
        for name, t in tensors.items()
    },
}))
`;

const MIXED: [string, StoredTensor, string][] = [
  ['weight', { shape: [2, 3], data: Float32Array.of(1, -2.5, 3e-39, 4, 5, 6) }, 'float32'],
  ['bias', { shape: [1], data: Float64Array.of(Math.PI) }, 'float64'],
  ['count', { shape: [], data: BigInt64Array.of(-(2n ** 62n)) }, 'int64'],
  ['large', { shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }, 'uint64'],
  ['index', { shape: [2], data: Int32Array.of(-1, 7) }, 'int32'],
  ['unsigned', { shape: [1], data: Uint32Array.of(4294967295) }, 'uint32'],
  ['short', { shape: [1], data: Int16Array.of(-300) }, 'int16'],
  ['half', { shape: [1], data: Uint16Array.of(300) }, 'uint16'],
  ['tiny', { shape: [3], data: Int8Array.of(-1, 0, 1) }, 'int8'],
  ['flags', { shape: [3, 1], data: Uint8Array.of(0, 1, 255) }, 'uint8'],
  ['empty', { shape: [0, 4], data: new Float32Array(0) }, 'float32'],
];

/** Compares our safetensors files with those of the Python package, in both directions. */
export function checkSafetensors(folder: string): InteropResult {
  const missing = missingForPython(['safetensors', 'numpy']);
  if (missing !== undefined) return { outcome: 'skipped', details: missing };
  const problems = [...checkMixed(folder), ...checkSameBytes(folder)];
  if (problems.length > 0) return { outcome: 'differs', details: problems.join('; ') };
  return { outcome: 'agrees', details: `${MIXED.length} tensors both ways, float32 file byte for byte` };
}

const PythonReading = z.object({
  metadata: z.record(z.string(), z.string()),
  tensors: z.record(z.string(), z.object({ dtype: z.string(), shape: z.array(z.int()), values: z.array(z.string()) })),
});

function checkMixed(folder: string): string[] {
  const [ours, theirs] = [join(folder, 'ours.safetensors'), join(folder, 'theirs.safetensors')];
  const metadata = { kind: 'interop', note: 'größer' };
  writeSafetensors(ours, tensorMap(MIXED), metadata);
  const read = PythonReading.parse(runPython(SCRIPT, ours, theirs));
  const back = readSafetensors(theirs);
  const problems = MIXED.flatMap(([name, tensor, dtype]) => {
    const { shape, data } = tensor;
    const values: (number | bigint)[] = [...data];
    const parse = (text: string): number | bigint => (typeof values[0] === 'bigint' ? BigInt(text) : Number(text));
    const seen = read.tensors[name];
    const expected = { dtype, shape, values };
    return [
      ...(isDeepStrictEqual({ ...seen, values: seen?.values.map(parse) }, expected)
        ? []
        : [`Python misreads '${name}'`]),
      ...(isDeepStrictEqual(back.tensors.get(name), tensor) ? [] : [`'${name}' written by Python is misread`]),
    ];
  });
  if (!isDeepStrictEqual(read.metadata, metadata)) problems.push('Python misreads the metadata');
  if (!isDeepStrictEqual(back.metadata, metadata)) problems.push('metadata written by Python is misread');
  return problems;
}

function tensorMap(tensors: readonly (readonly [string, StoredTensor, string])[]): Map<string, StoredTensor> {
  return new Map(tensors.map(([name, tensor]) => [name, tensor]));
}

function checkSameBytes(folder: string): string[] {
  const [ours, theirs] = [join(folder, 'float-ours.safetensors'), join(folder, 'float-theirs.safetensors')];
  const floats = MIXED.filter(([, , dtype]) => dtype === 'float32');
  writeSafetensors(ours, tensorMap(floats), { kind: 'interop' });
  runPython(SCRIPT, ours, theirs);
  return readFileSync(ours).equals(readFileSync(theirs)) ? [] : ['a float32 file has other bytes than Python writes'];
}
