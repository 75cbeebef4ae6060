import { existsSync, statSync } from 'node:fs';
import { CausalPilotError } from '../../core/errors.js';
import type { CellSource, CellSourceOptions } from './cells/cell-source.js';
import { openTextCells } from './text/text-cells.js';

/** Endings of text tables with what separates their columns; undefined: tabs where the header has any, else commas. */
const TEXT_ENDINGS: ReadonlyMap<string, string | undefined> = new Map([
  ['.csv', ','],
  ['.tsv', '\t'],
  ['.tab', '\t'],
  ['.txt', undefined],
]);

/** Endings of other formats of the field, and what to do with these. */
const OTHER_ENDINGS: ReadonlyMap<string, string> = new Map([
  ['.zarr', "write it as .h5ad, by anndata's read_zarr and write_h5ad"],
  ['.loom', "write it as .h5ad, by anndata's read_loom and write_h5ad"],
  ['.h5mu', 'write one of its modalities as .h5ad'],
  ['.h5seurat', 'convert it to .h5ad'],
  ['.rds', 'write its counts and labels as .csv or .h5ad'],
  ['.rdata', 'write its counts and labels as .csv or .h5ad'],
  ['.mtx', "write it as .h5ad, by scanpy's read_10x_mtx and write_h5ad"],
  ['.h5', "write it as .h5ad, by scanpy's read_10x_h5 and write_h5ad"],
  ['.xlsx', 'save it as comma-separated text'],
  ['.xls', 'save it as comma-separated text'],
  ['.parquet', 'save it as comma-separated text or .h5ad'],
  ['.feather', 'save it as comma-separated text or .h5ad'],
  ['.gz', 'unpack it first'],
]);

/**
 * Opens a table of cells: text with commas or tabs (.csv, .tsv, .txt, also compressed as .gz), or AnnData (.h5ad, all layouts
 * since 0.5).
 *
 * @throws CausalPilotError E_INPUT naming file and place for anything that cannot be read.
 */
export async function openCells(path: string, options: CellSourceOptions): Promise<CellSource> {
  const ending = endingOf(path);
  if (OTHER_ENDINGS.has(ending))
    throw new CausalPilotError('E_INPUT', `${path}: files of this kind are not read; ${OTHER_ENDINGS.get(ending)}`);
  if (ending !== '.h5ad' && !TEXT_ENDINGS.has(ending))
    throw new CausalPilotError(
      'E_INPUT',
      `${path}: a table of cells must be a .csv, .tsv, .txt (also .gz) or .h5ad file`,
    );
  if (!existsSync(path)) throw new CausalPilotError('E_INPUT', `${path}: there is no such file`);
  if (TEXT_ENDINGS.has(ending)) {
    refuseMatrixOptions(path, options);
    return openTextCells(path, TEXT_ENDINGS.get(ending), options);
  }
  if (statSync(path).isDirectory())
    throw new CausalPilotError('E_INPUT', `${path}: it is a folder; name the .h5ad file in it`);
  const { openH5adCells } = await import('./h5ad/h5ad-cells.js');
  return openH5adCells(path, options);
}

function endingOf(path: string): string {
  const name = path.toLowerCase().replace(/[/\\]+$/, '');
  return /\.[^./\\]+$/.exec(name.endsWith('.h5ad.gz') ? name : name.replace(/\.gz$/, ''))?.[0] ?? '';
}

function refuseMatrixOptions(path: string, { matrix, geneColumn }: CellSourceOptions): void {
  const option =
    geneColumn !== undefined ? 'geneColumn' : matrix !== undefined && matrix !== 'X' ? 'matrix' : undefined;
  if (option !== undefined)
    throw new CausalPilotError('E_CONFIG', `${option}: only .h5ad files have it, ${path} is text; leave it out`);
}
