import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callCli } from '../run-cli.js';

const home = process.cwd();
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-gim-'));
  process.chdir(folder);
  await callCli('gim simulate --cells cells.csv --features features.csv'.split(' '));
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

const call = (line: string) => callCli(line.split(' '));
const FIT = 'gim fit cells.csv --features features.csv --group compound --dose dose';
const ASK = '--features features.csv --group compound';
const table = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));

describe('gim', () => {
  test('fit foretells held-out perturbations far better than no effect, and leaves a model of all', async () => {
    const { status, stdout } = await call(`${FIT} --hold-out perturbations --out gim.json --json`);
    expect(status).toBe(0);
    const { variables, contexts, heldOut } = JSON.parse(stdout);
    expect({ variables, contexts, tested: heldOut.contexts }).toEqual({ variables: 10, contexts: 96, tested: 20 });
    expect(heldOut.meanError.gim).toBeLessThan(0.6 * heldOut.meanError.noEffect);
  });

  test('predict writes a row per perturbation, near what was measured', async () => {
    expect(await call(`gim predict gim.json ${ASK} --out predicted.csv`)).toMatchObject({ status: 0 });
    const [header, ...rows] = table('predicted.csv');
    expect(header!.slice(0, 3)).toEqual(['perturbation', 'gene1', 'gene2']);
    expect(rows).toHaveLength(96);
    const measured = new Map<string, number[][]>();
    for (const [label, ...values] of table('cells.csv').slice(1))
      measured.set(label!, [...(measured.get(label!) ?? []), values.map(Number)]);
    const errors = rows.map(([label, ...values]) => {
      const cells = measured.get(label!)!;
      return Math.hypot(
        ...values.map((value, j) => Number(value) - cells.reduce((sum, cell) => sum + cell[j]! / cells.length, 0)),
      );
    });
    expect(errors.reduce((sum, error) => sum + error / errors.length, 0)).toBeLessThan(1);
  });

  test('predict --cells draws cells', async () => {
    await call(`gim predict gim.json ${ASK} --cells 3 --out drawn.csv`);
    expect(table('drawn.csv')).toHaveLength(1 + 3 * 96);
  });

  test('explain names edges and targets, and dose curves that grow', async () => {
    const asked = '--doses 0,1,2 --perturbations compound1_1,compound2_0.5';
    const { status, stdout } = await call(`gim explain gim.json ${ASK} ${asked} --json`);
    expect(status).toBe(0);
    const { edges, perturbations } = JSON.parse(stdout);
    expect(edges.length).toBeGreaterThan(3);
    expect(perturbations.map(({ label }: { label: string }) => label)).toEqual(['compound1_1', 'compound2_0.5']);
    const [{ targets, curves }] = perturbations;
    expect(targets[0].probability).toBeGreaterThan(0.5);
    const own = curves.map(({ shifts }: { shifts: number[] }) =>
      Math.abs(shifts[Number(targets[0].variable.slice(4)) - 1]!),
    );
    expect(own[0]).toBe(0);
    expect(own[2]).toBeGreaterThan(own[1]);
    const text = await call(`gim explain gim.json ${ASK} ${asked}`);
    expect(text.stdout).toMatch(/^Edges: gene\d+ -> gene\d+/);
  });

  test.each([
    [`${FIT} --control wild --out x.json`, "no cell is labelled 'wild' in 'perturbation'"],
    [`${FIT} --label drug --out x.json`, "features.csv: there is no column 'drug'"],
    ['gim fit cells.csv --features features.csv --out x.json', "column 'compound': 'compound1' is not a number"],
    ['gim fit cells.csv --features cells.csv --out x.json', "cells.csv, line 3: 'control' is described twice"],
    ['gim predict features.csv --features features.csv --out x.csv', 'not a model that'],
    ['gim predict gim.json --features short.csv --out x.csv', "there is no column 'descriptor1'"],
    [`gim explain gim.json ${ASK} --perturbations nobody`, "does not describe 'nobody'"],
  ])('%s is refused', async (line, message) => {
    writeFileSync('short.csv', 'perturbation,dose\na,1\n');
    const { status, stderr } = await call(line);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a label without features is named', async () => {
    const lines = readFileSync('features.csv', 'utf8').split('\n');
    writeFileSync('fewer.csv', lines.filter((line) => !line.startsWith('compound3_2,')).join('\n'));
    const { status, stderr } = await call(
      'gim fit cells.csv --features fewer.csv --group compound --dose dose --out x.json',
    );
    expect({ status, named: stderr.includes('no features for compound3_2, which') }).toEqual({
      status: 2,
      named: true,
    });
  });
});
