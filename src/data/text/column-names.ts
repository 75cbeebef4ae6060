// Columns of a text table that are known by their names not to be genes.

/** Compared without case, spaces, dots, dashes and underscores. */
const ROW_NAMES = new Set(
  [
    '',
    'id',
    'index',
    'cell',
    'cellid',
    'cellname',
    'barcode',
    'barcodes',
    'cellbarcode',
    'row',
    'rowname',
    'rownames',
  ].concat(['unnamed0', 'level0', 'obsnames', 'observation']),
);

/** Quality figures as scanpy, Seurat, scran and Cell Ranger call them; groupings and coordinates of common tools. */
const FIGURES: readonly RegExp[] = [
  /^n?(umi|umis|counts?|genes?|features?|umicounts?)$/,
  /^n(counts?|features?|genes?)(rna|adt|bycounts)?$/,
  /^(log1p|log10|log)?(total|n)(counts?|genes?|umis?|features?)(mt|mito|ribo|rb|hb|bycounts|rna)?$/,
  /^(log1p)?meancounts$/,
  /^(pct|percent|perc|frac|fraction)(counts|umi)?(in)?(top\d+genes?|mt|mito|mitochondrial|ribo|rb|hb|ercc)?$/,
  /^(librarysize|sizefactors?|scrubletscore|doubletscores?|predicteddoublets?|sscore|g2mscore)$/,
  /^(leiden|louvain|clusters?|seuratclusters|batch|sample|donor|replicate|lane|plate|well|gemgroup|guideidentity)$/,
  /^x?(umap|tsne)\d*$/,
  /^(dpt)?pseudotime$/,
];

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. :]/g, '');
}

/** Whether a column holds names or numbers of the rows. */
export function namesRows(name: string): boolean {
  return ROW_NAMES.has(bare(name));
}

/** Whether a column holds a quality figure, a grouping or a coordinate of the cells. */
export function namesFigure(name: string): boolean {
  const plain = bare(name);
  return FIGURES.some((pattern) => pattern.test(plain));
}
