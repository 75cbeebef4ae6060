import { describe, expect, test } from 'vitest';
import { GeneNames } from '../../../src/data/gene-names.js';

const suggest = (label: string, genes: readonly string[]) => new GeneNames(genes).suggest(label);

describe('GeneNames.suggest', () => {
  test.each([
    ['HLADQB1', ['HLA-DQB1', 'TFA'], "the table has 'HLA-DQB1'"],
    ['tfa', ['TFA'], "the table has 'TFA'"],
    ['SEPT2', ['2-Sep'], "the table has '2-Sep', as spreadsheets turn such names into dates"],
    ['SEPTIN2', ['Sep-02'], "the table has 'Sep-02', as spreadsheets"],
    ['MARCHF1', ['1-Mar'], "the table has '1-Mar', as spreadsheets"],
    ['DEC1', ['2024-12-01'], "the table has '2024-12-01', as spreadsheets"],
    ['2-Sep', ['SEPT2'], "the table has 'SEPT2', as spreadsheets"],
    ['TFA_guide2', ['TFA'], "it contains the gene 'TFA'; label cells by the gene alone"],
    ['sgTFA', ['TFA'], "it contains the gene 'TFA'"],
    ['TFAg3', ['TFA'], "it contains the gene 'TFA'"],
    ['GATAA1', ['SPI1', 'GATA1'], "is it 'GATA1'?"],
  ])('%s among %j', (label, genes, hint) => {
    expect(suggest(label, genes)).toContain(hint);
  });

  test('says nothing where nothing is near', () => {
    expect(suggest('BRCA1', ['TFA', 'HKG'])).toBeUndefined();
    expect(suggest('2-Sep', ['MARCH1', 'OCT4'])).toBeUndefined();
  });

  test('typing errors are looked for only as long as that is quick', () => {
    const names = new GeneNames(Array.from({ length: 150_000 }, (_, i) => `LONGNAME${i}`));
    expect(names.suggest('LONGNAMEX5')).toBeDefined();
    expect(names.suggest('LONGNAMEX6')).toBeUndefined();
  });
});
