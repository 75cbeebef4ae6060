import { describe, expect, test } from 'vitest';
import type { CellSource } from '../../../../src/data/cells/cell-source.js';
import { LabelCollector } from '../../../../src/data/cells/label-collector.js';
import { screenConditions } from '../../../../src/evaluation/goal/screen-labels.js';

function source(genes: readonly string[], labels: readonly (string | undefined)[]): CellSource {
  const collector = new LabelCollector();
  for (const label of labels) collector.add(label);
  return {
    file: 'cells.csv',
    layout: '',
    cells: labels.length,
    genes,
    labels: collector.finish(),
    passedOver: [],
    nameCell: String,
    read: () => Promise.reject(new Error('not read')),
    close: () => undefined,
  };
}

const GENES = ['TFB', 'TFA', 'GENC', 'HLA-DQB1'];
const reasonFor = (label: string | undefined, genes = GENES): string | undefined => {
  const { leftOut } = screenConditions(source(genes, ['control', 'TFA', label]), {
    control: 'control',
    genes: ['TFA'],
  });
  return leftOut[0]?.reason;
};

describe('screenConditions', () => {
  test('genes in the order of their names; cells by condition', () => {
    const table = source(GENES, ['TFB', 'control', 'TFA', undefined, 'x', 'control']);
    const conditions = screenConditions(table, { control: 'control' });
    expect(conditions.genes).toEqual(['TFA', 'TFB']);
    expect(conditions.columns).toEqual([1, 0]);
    expect([...conditions.conditionOfCell]).toEqual([2, 0, 1, -1, -1, 0]);
    expect(conditions.leftOut).toEqual([
      { label: null, cells: 1, reason: 'no label' },
      { label: 'x', cells: 1, reason: 'no gene of that name' },
    ]);
  });

  test.each([
    [undefined, 'no label'],
    ['nan', 'no label'],
    ['NA', 'no label'],
    ['TFB', "its gene is not listed in 'genes'"],
    ['non-targeting_2', "looks like a second control; label these cells 'control' if they are controls"],
    ['NTC', 'looks like a second control'],
    ['safe-harbor', 'looks like a second control'],
    ['TFA+TFB', 'several genes at once'],
    ['TFA_GENC', 'several genes at once'],
    ['TFA+HLA-DQB1', 'several genes at once'],
    ['TFA|BRCA1', 'several targets at once, some of them no genes of the table'],
    ['TFA+ctrl', "the gene TFA beside a control; label these cells 'TFA' if nothing else was done"],
    ['TFA:knockdown', 'knockdown of TFA, no knockout'],
    ['TFA+TFB:overexpression', 'overexpression of TFA+TFB, no knockout'],
    ['HLADQB1', "no gene of that name: the table has 'HLA-DQB1'"],
    ['TFA_guide1', "no gene of that name: it contains the gene 'TFA'"],
    ['BRCA1', 'no gene of that name'],
  ])('%s: %s', (label, reason) => {
    expect(reasonFor(label)).toContain(reason);
  });

  test('a label is what the table has, whatever it looks like', () => {
    expect(reasonFor('NA', [...GENES, 'NA'])).toBe("its gene is not listed in 'genes'");
    const none = source(GENES, ['None', 'TFA']);
    expect([...screenConditions(none, { control: 'None' }).conditionOfCell]).toEqual([0, 1]);
  });

  test.each([
    [['mock', 'TFA'], {}, "no cell is labelled 'control' (control); the labels are mock, TFA; 'mock' looks like one"],
    [['control', 'x'], {}, 'no label names a gene of the table; the labels are x, the genes TFB, TFA'],
    [['control', 'HLADQB1'], {}, "for 'HLADQB1' the table has 'HLA-DQB1'"],
    [['control', 'TFA'], { genes: ['TFC'] }, "there is no gene 'TFC' in the table (is it 'TFB'?); its genes are"],
    [['control', 'TFA'], { genes: ['GENC'] }, "gene 'GENC' is knocked out in no cell"],
    [['control', 'TFA', 'tfb'], { genes: ['TFB'] }, "gene 'TFB' is knocked out in no cell (there is a label 'tfb')"],
  ])('%j, %j is refused', (labels, options, message) => {
    expect(() => screenConditions(source(GENES, labels), { control: 'control', ...options })).toThrow(message);
  });

  test('a repeated gene is refused where it is used, and only there', () => {
    const repeated = source([...GENES, 'TFA', 'GENC'], ['control', 'TFA']);
    expect(() => screenConditions(repeated, { control: 'control' })).toThrow("cells.csv: there are two genes 'TFA'");
    const unused = source([...GENES, 'GENC'], ['control', 'TFA']);
    expect(screenConditions(unused, { control: 'control' }).genes).toEqual(['TFA']);
  });

  test('another column of var that has the names is pointed at', () => {
    const symbols = { ...source(['ENSG1'], ['control', 'TFA']), findGeneColumn: () => 'symbol' };
    expect(() => screenConditions(symbols, { control: 'control' })).toThrow(
      "the column 'symbol' of var has such names: set geneColumn=symbol",
    );
  });
});
