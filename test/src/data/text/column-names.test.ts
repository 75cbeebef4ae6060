import { describe, expect, test } from 'vitest';
import { namesFigure, namesRows } from '../../../../src/data/text/column-names.js';

describe('columns by their names', () => {
  test.each([
    'n_counts',
    'nCount_RNA',
    'nFeature_RNA',
    'n_genes_by_counts',
    'total_counts',
    'log1p_total_counts',
    'n_umi',
  ])('%s is a quality figure', (name) => expect(namesFigure(name)).toBe(true));
  test.each([
    'percent_mito',
    'percent.mt',
    'pct_counts_mt',
    'pct_counts_in_top_50_genes',
    'total_counts_mt',
    'UMI_count',
  ])('%s is a quality figure', (name) => expect(namesFigure(name)).toBe(true));
  test.each([
    'doublet_score',
    'S_score',
    'G2M_score',
    'size_factor',
    'leiden',
    'seurat_clusters',
    'batch',
    'UMAP_1',
    'X_umap2',
  ])('%s is a figure or a grouping', (name) => expect(namesFigure(name)).toBe(true));
  test.each(['', 'id', 'cell_id', 'Barcode', 'Unnamed: 0', 'index'])('%j names rows', (name) =>
    expect(namesRows(name)).toBe(true),
  );
  test.each([
    'TFA',
    'PCA3',
    'PC',
    'ID1',
    'BATF',
    'UMPS',
    'MT-CO1',
    'SCO2',
    'COUP',
    'X1',
    'gene0',
    'CLUSTERIN',
    'LEIDEN1',
  ])('%s may be a gene', (name) => expect([namesFigure(name), namesRows(name)]).toEqual([false, false]));
});
