import { Dataset, Group } from 'h5wasm/node';
import type { CellValues } from '../cells/cell-source.js';
import { readDense } from './dense-matrix.js';
import type { Hdf5Reader } from './hdf5-file.js';
import type { MatrixRequest } from './matrix-request.js';
import { describeType } from './numbers.js';
import { readSparseByCell, readSparseByGene, type SparseParts } from './sparse-matrix.js';

// Shapes: n cells, g genes.

/** A matrix of an AnnData file that is read in parts. */
export interface Matrix {
  /** Such as `csr_matrix of float32`. */
  readonly layout: string;
  /** [n, g]; undefined where the file does not say. */
  readonly shape: readonly [number, number] | undefined;
  read(request: MatrixRequest): CellValues;
}

/**
 * A dense dataset, or a sparse group of `data`, `indices` and `indptr`: by cells (csr) or by genes (csc), as AnnData has called
 * them since 0.5.
 *
 * @throws CausalPilotError E_INPUT for a missing matrix or another encoding.
 */
export function openMatrix(reader: Hdf5Reader, path: string): Matrix {
  const entry = reader.find(path);
  if (entry instanceof Dataset) return denseMatrix(reader, reader.dataset(path), path);
  if (entry instanceof Group) return sparseMatrix(reader, entry, path);
  throw reader.invalid(`it has no matrix '${path}'`);
}

function denseMatrix(reader: Hdf5Reader, dataset: Dataset, path: string): Matrix {
  const shape = dataset.shape ?? [];
  const [cells = 0, genes = 1] = shape;
  if (shape.length !== 1 && shape.length !== 2)
    throw reader.invalid(`'${path}' has shape [${shape.join(', ')}], which is not cells x genes`);
  return {
    layout: `dense ${describeType(dataset)}`,
    shape: [cells, genes],
    read: (request) => readDense(reader, dataset, request),
  };
}

function sparseMatrix(reader: Hdf5Reader, group: Group, path: string): Matrix {
  const encoding = reader.text(group, 'encoding-type') ?? reader.text(group, 'h5sparse_format') ?? '';
  const byCell = encoding.startsWith('csr');
  if (!byCell && !encoding.startsWith('csc'))
    throw reader.invalid(`'${path}' is encoded as '${encoding}'; a dense array, csr_matrix or csc_matrix can be read`);
  const attribute = (group.attrs.shape ?? group.attrs.h5sparse_shape)?.value;
  const [cells, genes] = ArrayBuffer.isView(attribute)
    ? Array.from(attribute as unknown as ArrayLike<number | bigint>, Number)
    : [];
  const shape = cells === undefined || genes === undefined ? undefined : ([cells, genes] as const);
  const parts: SparseParts = {
    path,
    data: reader.dataset(`${path}/data`),
    indices: reader.dataset(`${path}/indices`),
    pointers: reader.dataset(`${path}/indptr`),
  };
  return {
    layout: `${byCell ? 'csr' : 'csc'}_matrix of ${describeType(parts.data)}`,
    shape,
    read: (request) => (byCell ? readSparseByCell : readSparseByGene)(reader, parts, request),
  };
}
