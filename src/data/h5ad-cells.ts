import h5wasm, { Dataset, File, Group } from 'h5wasm/node';
import { CausalPilotError } from '../../core/errors.js';
import type { CellTable } from './cell-table.js';

// The AnnData on-disk format: X [cells, genes] as a dataset or a sparse group, tables `obs` and `var` as groups of columns with
// the attribute `_index` naming the column of row names. Shapes: n cells, g genes.

/** Cells of an .h5ad file: `X`, the names of `var`, and one column of `obs`. */
export async function readH5adCells(path: string, perturbationColumn: string): Promise<CellTable> {
  await h5wasm.ready;
  const file = openFile(path);
  try {
    const genes = readNames(file, path);
    const values = readMatrix(file, path);
    const cells = values.length / genes.length;
    const perturbations = readLabels(file, path, perturbationColumn);
    if (perturbations.length !== cells)
      throw invalid(
        path,
        `X has ${values.length} entries, which is not ${perturbations.length} cells x ${genes.length} genes`,
      );
    return { genes, values, perturbations };
  } finally {
    file.close();
  }
}

function openFile(path: string): File {
  let file: File | undefined;
  try {
    file = new File(path, 'r');
    file.keys();
    return file;
  } catch (error) {
    throw new CausalPilotError('E_INPUT', `${path}: not a readable HDF5 file`, { cause: error });
  }
}

function readNames(file: File, path: string): string[] {
  const table = group(file, path, 'var');
  const index = table.attrs._index?.value;
  return strings(dataset(table, path, typeof index === 'string' ? index : '_index'), path);
}

function readLabels(file: File, path: string, column: string): string[] {
  const table = group(file, path, 'obs');
  const entry = table.get(column);
  if (entry === null) throw invalid(path, `obs has no column '${column}'; its columns are ${table.keys().join(', ')}`);
  if (entry instanceof Dataset) return strings(entry, path);
  if (!(entry instanceof Group)) throw invalid(path, `obs/${column} is not a column`);
  const categories = strings(dataset(entry, path, 'categories'), path);
  return Array.from(numbers(dataset(entry, path, 'codes'), path), (code) => categories[code] ?? '');
}

function readMatrix(file: File, path: string): Float32Array {
  const matrix = file.get('X');
  if (matrix instanceof Dataset) return Float32Array.from(numbers(matrix, path));
  if (!(matrix instanceof Group)) throw invalid(path, 'it has no matrix X');
  const encoding = matrix.attrs['encoding-type']?.value;
  if (encoding !== 'csr_matrix' && encoding !== 'csc_matrix')
    throw invalid(path, `X is encoded as '${String(encoding)}'; a dense array, csr_matrix or csc_matrix can be read`);
  const [cells = 0, genes = 0] = Array.from((matrix.attrs.shape?.value ?? []) as ArrayLike<number | bigint>, Number);
  const values = new Float32Array(cells * genes);
  const [data, indices, pointers] = ['data', 'indices', 'indptr'].map((name) =>
    numbers(dataset(matrix, path, name), path),
  ) as [Float64Array, Float64Array, Float64Array];
  for (let major = 0; major + 1 < pointers.length; major++) {
    for (let at = pointers[major] ?? 0; at < (pointers[major + 1] ?? 0); at++) {
      const minor = indices[at] ?? 0;
      const [cell, gene] = encoding === 'csr_matrix' ? [major, minor] : [minor, major];
      values[cell * genes + gene] = data[at] ?? 0;
    }
  }
  return values;
}

function group(parent: Group, path: string, name: string): Group {
  const entry = parent.get(name);
  if (!(entry instanceof Group)) throw invalid(path, `it has no table '${name}'`);
  return entry;
}

function dataset(parent: Group, path: string, name: string): Dataset {
  const entry = parent.get(name);
  if (!(entry instanceof Dataset)) throw invalid(path, `${parent.path}/${name} is not a dataset`);
  return entry;
}

function strings(source: Dataset, path: string): string[] {
  const { value } = source;
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string'))
    throw invalid(path, `${source.path} does not hold text`);
  return value as string[];
}

/** Numbers of any width as 64-bit floats. */
function numbers(source: Dataset, path: string): Float64Array {
  const { value } = source;
  if (!ArrayBuffer.isView(value)) throw invalid(path, `${source.path} does not hold numbers`);
  return Float64Array.from(value as unknown as ArrayLike<number | bigint>, Number);
}

function invalid(path: string, problem: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', `${path}: not an AnnData file that can be read: ${problem}`);
}
