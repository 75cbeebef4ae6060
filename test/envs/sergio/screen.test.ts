import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import {
  controlCondition,
  perturbation,
  type ScreenCells,
  type ScreenCondition,
  simulateScreen,
} from '../../../envs/sergio/screen.js';
import { SergioModel } from '../../../envs/sergio/sergio-model.js';
import { chainNetwork } from './networks.js';

const GENES = 3;
const network = chainNetwork([3, -2], [2, 4]);
const model = new SergioModel(network, SergioConfig.parse({ kind: 'sergio', platform: 'none' }));
const stream = new RandomStream('screen');
const knockout = (cells: number, ...genes: string[]) => perturbation(network, { kind: 'knockout', genes, cells });
const simulate = (conditions: readonly ScreenCondition[], own = stream) =>
  simulateScreen(model, conditions, { stream: own });

/** The cells [n][d] of one condition. */
function cellsOf({ values, perturbations }: ScreenCells, label: string): number[][] {
  return perturbations.flatMap((own, row) =>
    own === label ? [[...values.subarray(row * GENES, (row + 1) * GENES)]] : [],
  );
}

describe('perturbation', () => {
  test('flags its genes and is called by them, and by its kind unless it is a knockout', () => {
    expect(knockout(5, 'gene2', 'gene0')).toEqual({
      label: 'gene2+gene0',
      cells: 5,
      intervention: { kind: 'knockout', targets: Uint8Array.of(1, 0, 1) },
    });
    const down = perturbation(network, { kind: 'knockdown', genes: ['gene1'], cells: 2 });
    expect(down).toMatchObject({ label: 'gene1:knockdown', intervention: { kind: 'knockdown' } });
    expect(controlCondition(network, 4)).toMatchObject({ label: 'control', cells: 4, intervention: { kind: 'none' } });
  });

  test('no gene, an unknown one or the same one twice is refused', () => {
    expect(() => knockout(1)).toThrow('knockout: name at least one gene');
    expect(() => knockout(1, 'gene9')).toThrow("gene 'gene9' is not in the network");
    expect(() => knockout(1, 'gene1', 'gene1')).toThrow("knockout gene1,gene1: gene 'gene1' is listed twice");
  });
});

describe('simulateScreen', () => {
  const conditions = [controlCondition(network, 6), knockout(4, 'gene0'), knockout(4, 'gene1')];
  const screen = simulate(conditions);

  test('cells of every condition in order, with the knocked out gene at 0 and the others not', () => {
    expect(screen.genes).toEqual(['gene0', 'gene1', 'gene2']);
    expect(screen.perturbations).toEqual([
      ...new Array(6).fill('control'),
      ...new Array(4).fill('gene0'),
      ...new Array(4).fill('gene1'),
    ]);
    expect(screen.cellTypes).toHaveLength(14);
    expect(new Set(screen.cellTypes)).toEqual(new Set([0, 1]));
    for (const cell of cellsOf(screen, 'gene0')) expect(cell[0]).toBe(0);
    for (const cell of cellsOf(screen, 'gene1')) expect(cell[1]).toBe(0);
    // Noise may take single cells to 0, but not all of them.
    const most = (label: string, gene: number) => Math.max(...cellsOf(screen, label).map((cell) => cell[gene]!));
    expect(most('gene1', 0)).toBeGreaterThan(0);
    for (const gene of [0, 1, 2]) expect(most('control', gene)).toBeGreaterThan(0);
  });

  test('conditions draw numbers of their own: gene0, which nothing regulates, differs between them', () => {
    // With one stream for all conditions, the cells of gene0 would be the same under a knockout of gene1 or gene2.
    const [one, other] = ['gene1', 'gene2'].map((gene) =>
      cellsOf(simulate([knockout(4, gene)]), gene).map((cell) => cell[0]),
    );
    expect(one).not.toEqual(other);
  });

  test('a condition depends on its label and the stream alone, not on what is measured beside it', () => {
    const alone = simulate([knockout(4, 'gene1')]);
    expect(cellsOf(alone, 'gene1')).toEqual(cellsOf(screen, 'gene1'));
    const reversed = simulate([...conditions].reverse());
    for (const label of ['control', 'gene0', 'gene1']) expect(cellsOf(reversed, label)).toEqual(cellsOf(screen, label));
    const other = simulate(conditions, new RandomStream('another screen'));
    expect(cellsOf(other, 'control')).not.toEqual(cellsOf(screen, 'control'));
  });

  test('a condition that is asked for twice is refused', () => {
    expect(() => simulate([knockout(1, 'gene0'), knockout(2, 'gene0')])).toThrow(
      "screen: the condition 'gene0' is asked for twice; ask once",
    );
  });
});
