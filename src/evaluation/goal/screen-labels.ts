import { CausalPilotError } from '../../../core/errors.js';
import type { CellSource } from '../../data/cells/cell-source.js';
import { listNames } from '../../data/cells/list-names.js';
import { GeneNames } from '../../data/gene-names.js';
import { isMissing } from '../../data/text/read-number.js';

/** Cells that a study does not use, by their label. */
export interface LeftOutCells {
  /** Null where the table has no label. */
  readonly label: string | null;
  readonly cells: number;
  readonly reason: string;
}

/** Which cells of a table a study uses. */
export interface ScreenConditions {
  /** Genes of the model in the order of their names, which does not depend on the order of columns. */
  readonly genes: readonly string[];
  /** Their positions among the genes of the table. */
  readonly columns: readonly number[];
  /** By cell of the table: -1 left out, 0 control, i + 1 knockout of gene i. */
  readonly conditionOfCell: Int32Array;
  readonly leftOut: readonly LeftOutCells[];
}

export interface ScreenLabelOptions {
  /** Label of the control cells. */
  readonly control: string;
  /** @defaultValue all genes that are knocked out */
  readonly genes?: readonly string[];
}

/**
 * Sorts the cells of a table by what their labels say.
 *
 * @throws CausalPilotError E_INPUT when there are no control cells, no knockouts, or a wanted gene is missing or named twice.
 */
export function screenConditions(source: CellSource, { control, genes: wanted }: ScreenLabelOptions): ScreenConditions {
  const { file, labels } = source;
  const counts = countCells(source);
  if (!counts.has(control)) {
    const other = labels.names.find(looksLikeControl);
    const hint = other === undefined ? '' : `; '${other}' looks like one`;
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: no cell is labelled '${control}' (control); the labels are ${listNames(labels.names)}${hint}; name that of the control cells by control`,
    );
  }
  const inTable = new Set(source.genes);
  const genes = [...(wanted ?? labels.names.filter((label) => label !== control && inTable.has(label)))].sort();
  if (genes.length === 0) throw noKnockouts(source, control);
  const columns = genes.map((gene) => columnOf(source, gene, counts));
  const conditions = new Map([[control, 0], ...genes.map((gene, i): [string, number] => [gene, i + 1])]);
  const ofLabel = labels.names.map((label) => conditions.get(label) ?? -1);
  return {
    genes,
    columns,
    conditionOfCell: labels.codes.map((code) => ofLabel[code] ?? -1),
    leftOut: leftOutCells(source, { control, conditions, counts, inTable }),
  };
}

/** Cells of each label; `null` for those without one. */
function countCells({ labels }: CellSource): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const code of labels.codes) {
    const label = labels.names[code] ?? null;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}

function columnOf({ file, genes, labels }: CellSource, gene: string, counts: ReadonlyMap<string | null, number>) {
  const column = genes.indexOf(gene);
  if (column === -1) {
    const hint = new GeneNames(genes).suggest(gene);
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: there is no gene '${gene}' in the table${hint === undefined ? '' : ` (${hint})`}; its genes are ${listNames(genes)}`,
    );
  }
  if (genes.indexOf(gene, column + 1) !== -1)
    throw new CausalPilotError('E_INPUT', `${file}: there are two genes '${gene}'; give them different names`);
  if (!counts.has(gene)) {
    const hint = new GeneNames(labels.names).suggest(gene)?.replace('the table has', 'there is a label');
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: gene '${gene}' is knocked out in no cell${hint === undefined ? '' : ` (${hint})`}`,
    );
  }
  return column;
}

function noKnockouts(source: CellSource, control: string): CausalPilotError {
  const { file, genes } = source;
  const labels = source.labels.names.filter((label) => label !== control);
  const column = source.findGeneColumn?.(labels);
  const remedy =
    column === undefined
      ? firstSuggestion(new GeneNames(genes), labels)
      : `; the column '${column}' of var has such names: set geneColumn=${column}`;
  return new CausalPilotError(
    'E_INPUT',
    `${file}: no label names a gene of the table; the labels are ${listNames(labels)}, the genes ${listNames(genes)}${remedy}`,
  );
}

function firstSuggestion(names: GeneNames, labels: readonly string[]): string {
  for (const label of labels) {
    const hint = names.suggest(label);
    if (hint !== undefined) return `; for '${label}' ${hint}`;
  }
  return '';
}

/** Control labels of published screens, compared without separators. */
const CONTROL_LABEL =
  /^(non|no)?(control|ctrl|ctl|targeting|nontargeting|nt|ntc|neg|negative|negctrl|negcontrol|safe|safeharbor|scramble|scrambled|mock|wt|wildtype|unperturbed|untreated|vehicle|dmso|empty|aavs1|rosa26|lacz|luciferase|luc|gfp|egfp|intergenic)(control|ctrl|guide|sg|grna)?\d*$/;

function looksLikeControl(label: string): boolean {
  return CONTROL_LABEL.test(label.toLowerCase().replaceAll(/[-_. :]/g, ''));
}

interface LeftOutQuestion {
  readonly control: string;
  readonly conditions: ReadonlyMap<string, number>;
  readonly counts: ReadonlyMap<string | null, number>;
  readonly inTable: ReadonlySet<string>;
}

function leftOutCells(
  { genes }: CellSource,
  { control, conditions, counts, inTable }: LeftOutQuestion,
): LeftOutCells[] {
  const names = new GeneNames(genes);
  const reasonFor = (label: string | null): string => {
    if (label === null || (isMissing(label) && !inTable.has(label))) return 'no label';
    if (inTable.has(label)) return "its gene is not listed in 'genes'";
    const [subject = '', kind] = label.split(/:(?=knockdown$|overexpression$)/);
    if (kind !== undefined) return `${kind} of ${subject}, no knockout`;
    if (looksLikeControl(label))
      return `looks like a second control; label these cells '${control}' if they are controls`;
    return reasonForParts(label, { control, inTable }) ?? unknownGene(names, label);
  };
  return Array.from(counts)
    .filter(([label]) => label === null || !conditions.has(label))
    .map(([label, cells]) => ({ label, cells, reason: reasonFor(label) }))
    .sort((a, b) => b.cells - a.cells || ((a.label ?? '') < (b.label ?? '') ? -1 : 1));
}

/** Several genes in one label, or a gene beside a control. */
function reasonForParts(label: string, { control, inTable }: Pick<LeftOutQuestion, 'control' | 'inTable'>) {
  for (const separator of ['+', ',', ';', '|', '&', '/', '_', '-', ' ']) {
    const parts = label.split(separator).map((part) => part.trim());
    if (parts.length < 2) continue;
    const genes = parts.filter((part) => inTable.has(part));
    const controls = parts.filter((part) => !inTable.has(part) && (part === control || looksLikeControl(part)));
    if (genes.length === parts.length) return 'several genes at once';
    if (genes.length === 1 && controls.length === parts.length - 1)
      return `the gene ${genes[0]} beside a control; label these cells '${genes[0]}' if nothing else was done`;
    if (genes.length > 0 && '+,;|&'.includes(separator))
      return 'several targets at once, some of them no genes of the table';
  }
  return undefined;
}

function unknownGene(names: GeneNames, label: string): string {
  const hint = names.suggest(label);
  return hint === undefined ? 'no gene of that name' : `no gene of that name: ${hint}`;
}
