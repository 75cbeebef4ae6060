import { CausalPilotError } from '../../../core/errors.js';
import type { CellSource, CellSourceOptions, PassedOver } from '../cells/cell-source.js';
import { listNames } from '../cells/list-names.js';
import { type DataFrame, labelTexts, openDataFrame } from './data-frame.js';
import { Hdf5Reader } from './hdf5-file.js';
import { openMatrix } from './matrix.js';

// Shapes: n cells, f features of the matrix, g genes among them.

/** What Cell Ranger calls features that are genes. */
const GENE_FEATURES = 'Gene Expression';

/**
 * The cells of an AnnData file: one of its matrices, gene names from `var` and labels from `obs`.
 *
 * @throws CausalPilotError E_INPUT naming the file and what in it cannot be used.
 */
export async function openH5adCells(path: string, options: CellSourceOptions): Promise<CellSource> {
  const reader = await Hdf5Reader.open(path);
  try {
    return cellsOf(reader, options);
  } catch (error) {
    reader.close();
    throw error;
  }
}

function cellsOf(reader: Hdf5Reader, options: CellSourceOptions): CellSource {
  const place = placeOf(reader, options.matrix ?? 'X');
  const matrix = openMatrix(reader, place.matrix);
  const obs = openDataFrame(reader, 'obs');
  const labels = obs.labels(options.perturbationColumn);
  const features = openDataFrame(reader, place.features);
  const names = labelTexts(features.labels(options.geneColumn ?? features.index));
  const [cells, width] = matrix.shape ?? [obs.length, names.length];
  if (cells !== obs.length || width !== names.length)
    throw reader.invalid(
      `'${place.matrix}' has ${cells} cells x ${width} genes, but obs has ${obs.length} rows and ${place.features} ${names.length}`,
    );
  const { isGene, passedOver } = genesAmong(features, names);
  const genes = Array.from(names.keys()).filter((feature) => isGene[feature] === 1);
  const nameCell = (cell: number): string => {
    const name = obs.rowName(cell);
    return name === undefined ? `row ${cell + 1}` : `cell '${name}' (row ${cell + 1})`;
  };
  return {
    file: reader.path,
    layout: `${place.matrix}, ${matrix.layout}`,
    cells,
    genes: genes.map((feature) => names[feature]!),
    labels,
    passedOver,
    nameCell,
    findGeneColumn: (wanted) => findColumn(features, wanted),
    read: async (request) => {
      const columns = request.columns.map((gene) => genes[gene]!);
      const refuse = (value: number, cell: number, feature: number): never => {
        throw new CausalPilotError(
          'E_INPUT',
          `${reader.path}, ${nameCell(cell)}, gene '${names[feature]}': the value is ${value}, no finite number; leave the cell or the gene out`,
        );
      };
      const read = matrix.read({ ...request, columns, cellCount: cells, isGene, refuse });
      const { firstNegative } = read.profile;
      if (firstNegative !== undefined)
        read.profile.firstNegative = { ...firstNegative, column: genes.indexOf(firstNegative.column) };
      return read;
    },
    close: () => reader.close(),
  };
}

/** The column that holds most of the names, at least one. */
function findColumn(features: DataFrame, wanted: readonly string[]): string | undefined {
  const matches = features.columns.map((column) => {
    const names = new Set(features.labels(column).names);
    return { column, count: wanted.filter((name) => names.has(name)).length };
  });
  const best = matches.toSorted((a, b) => b.count - a.count)[0];
  return best === undefined || best.count === 0 ? undefined : best.column;
}

interface MatrixPlace {
  readonly matrix: string;
  /** Path of the table that names its columns. */
  readonly features: string;
}

function placeOf(reader: Hdf5Reader, name: string): MatrixPlace {
  refuseOtherFormats(reader);
  const layers = reader.names('layers');
  const hasRaw = reader.find('raw/X') !== undefined || reader.find('raw.X') !== undefined;
  if (name === 'raw' && reader.find('raw/X') !== undefined) return { matrix: 'raw/X', features: 'raw/var' };
  if (name === 'raw' && hasRaw) return { matrix: 'raw.X', features: 'raw.var' };
  if (name === 'X' && reader.find('X') !== undefined) return { matrix: 'X', features: 'var' };
  const layer = name.replace(/^layers\//, '');
  if (layers.includes(layer)) return { matrix: `layers/${layer}`, features: 'var' };
  const there = [...(reader.find('X') === undefined ? [] : ['X']), ...(hasRaw ? ['raw'] : []), ...layers];
  throw reader.invalid(
    there.length === 0
      ? 'it has no matrix X'
      : `it has no matrix '${name}'; choose by matrix among ${listNames(there)}`,
  );
}

/** Groups by which other formats in HDF5 are known, and what to do with these. */
const OTHER_FORMATS: readonly (readonly [string, string])[] = [
  ['mod', 'it is a MuData file; write one of its modalities as .h5ad'],
  ['matrix/barcodes', "it is a Cell Ranger file; convert it by scanpy's read_10x_h5 and write_h5ad"],
  ['row_attrs', "it is a Loom file; convert it by anndata's read_loom and write_h5ad"],
  ['assays', 'it is an h5Seurat file; convert it to .h5ad'],
];

function refuseOtherFormats(reader: Hdf5Reader): void {
  if (reader.find('obs') !== undefined) return;
  const format = OTHER_FORMATS.find(([group]) => reader.find(group) !== undefined);
  if (format !== undefined) throw reader.invalid(format[1]);
}

/** Antibodies and guides that were counted beside genes are no genes. */
function genesAmong(features: DataFrame, names: readonly string[]): { isGene: Uint8Array; passedOver: PassedOver[] } {
  const isGene = new Uint8Array(names.length).fill(1);
  if (!features.columns.includes('feature_types')) return { isGene, passedOver: [] };
  const types = labelTexts(features.labels('feature_types'));
  if (!types.includes(GENE_FEATURES)) return { isGene, passedOver: [] };
  const others = new Map<string, string[]>();
  types.forEach((type, feature) => {
    if (type === GENE_FEATURES) return;
    isGene[feature] = 0;
    others.set(type, [...(others.get(type) ?? []), names[feature]!]);
  });
  return {
    isGene,
    passedOver: Array.from(others, ([type, columns]) => ({ columns, reason: `are features of type '${type}'` })),
  };
}
