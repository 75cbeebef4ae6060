import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseNetworkJson } from '../../../../envs/sergio/network-json.js';
import { wholeTable } from '../../data/whole-table.js';
import { callCli } from '../run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'causal-pilot-simulate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const cellTable = (name: string) => wholeTable(at(name), { ignoredColumns: ['cell', 'cell_type'] });

describe('causal-pilot simulate', () => {
  test('writes a screen as .csv that the cell reader takes', async () => {
    const args = ['--every-knockout', '--controls', '20', '--cells', '7', '--set', 'variables=4', '--json'];
    const result = await callCli(['simulate', '--out', at('screen.csv'), ...args]);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({
      genes: 4,
      cells: 48,
      conditions: ['control', 'gene0', 'gene1', 'gene2', 'gene3'],
    });
    const { genes, values, labels } = await cellTable('screen.csv');
    expect(genes).toEqual(['gene0', 'gene1', 'gene2', 'gene3']);
    expect(labels.filter((label) => label === 'control')).toHaveLength(20);
    labels.forEach((label, cell) => {
      genes.forEach((gene, index) => {
        if (gene === label) expect(values[4 * cell + index]).toBe(0);
      });
    });
    const [header, first] = readFileSync(at('screen.csv'), 'utf8').split('\n');
    expect(header).toBe('cell,cell_type,perturbation,gene0,gene1,gene2,gene3');
    expect(first).toMatch(/^cell0,type0,control(,\d+){4}$/);
  });

  test('the same seed gives the same file in either format; another seed does not', async () => {
    const args = ['--controls', '9', '--knockdown', 'gene1,gene2', '--overexpression', 'gene0', '--cells', '3'];
    for (const [name, seed] of [
      ['a.csv', '5'],
      ['b.h5ad', '5'],
      ['c.csv', '6'],
    ] as const)
      expect(await callCli(['simulate', '--out', at(name), '--seed', seed, ...args])).toMatchObject({ status: 0 });
    const [a, b, c] = await Promise.all(['a.csv', 'b.h5ad', 'c.csv'].map(cellTable));
    expect(b).toEqual(a);
    expect(c!.values).not.toEqual(a!.values);
    expect(new Set(a!.labels)).toEqual(new Set(['control', 'gene1+gene2:knockdown', 'gene0:overexpression']));
  });

  test('batches have a column of their own in either format, which no reader takes for a gene', async () => {
    const options = ['guideEfficiency=0.8', 'batches=3', 'batchStd=0.3', 'noiseKind=spd'].flatMap((one) => [
      '--set',
      one,
    ]);
    for (const name of ['batches.csv', 'batches.h5ad'])
      expect(
        await callCli([
          'simulate',
          '--out',
          at(name),
          '--controls',
          '9',
          '--knockout',
          'gene1',
          '--cells',
          '5',
          ...options,
        ]),
      ).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(at('batches.csv'), 'utf8')).toMatch(
      /^cell,cell_type,batch,perturbation,gene0.*\ncell0,type0,batch[012],control,/,
    );
    const [text, h5ad] = await Promise.all(
      ['batches.csv', 'batches.h5ad'].map((name) =>
        wholeTable(at(name), { ignoredColumns: ['cell', 'cell_type', 'batch'] }),
      ),
    );
    expect(h5ad).toEqual(text);
  });

  test('takes and saves networks of the user', async () => {
    writeFileSync(at('net.tsv'), 'regulator\ttarget\tstrength\nGATA1\tSPI1\t-2.5\nSPI1\tCEBPA\t3\n');
    const saved = at('net.json');
    const args = ['--network', at('net.tsv'), '--save-network', saved, '--controls', '5', '--set', 'platform=none'];
    expect(await callCli(['simulate', '--out', at('own.csv'), ...args])).toMatchObject({ status: 0 });
    const network = parseNetworkJson(readFileSync(saved, 'utf8'), saved);
    expect(network.geneNames).toEqual(['GATA1', 'SPI1', 'CEBPA']);
    const again = ['--network', saved, '--controls', '5', '--set', 'platform=none'];
    expect(await callCli(['simulate', '--out', at('again.csv'), ...again])).toMatchObject({ status: 0 });
    expect(readFileSync(at('again.csv'), 'utf8')).toBe(readFileSync(at('own.csv'), 'utf8'));
  });

  test("takes BEELINE's, GeneNetWeaver's and SERGIO's files, and tells what it drew", async () => {
    writeFileSync(at('beeline.csv'), 'Gene1,Gene2,Type\nGATA1,SPI1,-\nSPI1,CEBPA,+\n');
    writeFileSync(at('weaver.tsv'), 'G1\tG2\t1\nG1\tG3\t0\n');
    writeFileSync(at('targets.txt'), '1.0,1,0.0,2.5,2.0\n');
    writeFileSync(at('regs.txt'), '0.0,0.5,1.5\n');
    const run = (name: string, ...args: string[]) =>
      callCli([
        'simulate',
        '--out',
        at('others.csv'),
        '--network',
        at(name),
        '--controls',
        '6',
        '--cells',
        '4',
        ...args,
      ]);
    const beeline = await run('beeline.csv', '--every-knockout');
    expect(beeline).toMatchObject({ status: 0, stderr: '' });
    expect(beeline.stdout).toContain(
      `drawn, because ${at('beeline.csv')} does not say them: sizes of strengths, basal rates, decays`,
    );
    expect(JSON.parse((await run('weaver.tsv', '--json')).stdout)).toMatchObject({ genes: 3, edges: 1 });
    expect(await run('targets.txt')).toMatchObject({ status: 2, stderr: expect.stringContaining('by --regulators') });
    expect(JSON.parse((await run('targets.txt', '--regulators', at('regs.txt'), '--json')).stdout)).toMatchObject({
      genes: 2,
      drawn: ['decays'],
    });
    const alone = await callCli(['simulate', '--out', at('others.csv'), '--regulators', at('regs.txt')]);
    expect(alone).toMatchObject({ status: 2, stderr: expect.stringContaining('by --network') });
  });

  test.each([
    [['--out', 'cells.txt'], 'cells can be written as .csv or .h5ad'],
    [['--out', 'x.csv', '--knockout', 'nobody'], "gene 'nobody' is not in the network"],
    [['--out', 'x.csv', '--knockout', 'gene1,gene1'], "gene 'gene1' is listed twice"],
    [['--out', 'x.csv', '--knockout', 'gene1', '--every-knockout'], "the condition 'gene1' is asked for twice"],
    [['--out', 'x.csv', '--knockout', ','], 'knockout: name at least one gene'],
    [['--out', 'x.csv', '--network', 'missing.tsv'], 'missing.tsv: cannot be read (ENOENT)'],
    [['--out', 'x.csv', '--network', 'net.xlsx'], 'net.xlsx: a network is read from .json, .tsv, .csv, .txt'],
    [['--out', 'x.csv', '--save-network', 'net.txt'], 'net.txt: a network must be a .json or .tsv file'],
    [['--out', 'x.csv', '--set', 'platfrom=none'], 'platfrom'],
    [['--out', 'x.csv', '--set', 'strengths.maximum=0.5'], 'minimum must not exceed maximum'],
    [['--out', 'x.csv', '--controls', '0'], 'positive whole number'],
  ])('%j is refused in a sentence, and nothing is written', async (args, message) => {
    const result = await callCli(['simulate', ...args]);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(message);
    expect(existsSync('x.csv')).toBe(false);
  });
});
