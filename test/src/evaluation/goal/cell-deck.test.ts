import { expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { CellDeck } from '../../../../src/evaluation/goal/cell-deck.js';

const population = { cells: Float64Array.of(1, 10, 2, 20, 3, 30, 4, 40, 5, 50), mean: new Float64Array(2) };
const deck = () => new CellDeck(population, new RandomStream('deck'));
const firsts = (drawn: Float64Array): number[] => [...drawn].filter((_, entry) => entry % 2 === 0);

test('every cell comes once before any comes again, over draws of any size', () => {
  const cells = deck();
  const [first, second, third] = [firsts(cells.draw(2)), firsts(cells.draw(3)), firsts(cells.draw(5))];
  expect([...first, ...second].toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(third.toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(firsts(deck().draw(12)).slice(0, 2)).toEqual(first);
});

test('cells are whole rows', () => {
  const drawn = deck().draw(7);
  for (let row = 0; row < 7; row++) expect(drawn[2 * row + 1]).toBe(10 * drawn[2 * row]!);
});
