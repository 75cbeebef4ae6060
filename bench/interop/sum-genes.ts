import { openCells } from '../../src/data/open-cells.js';
import type { GeneSums } from './tables.js';

// Sums of the genes G0, G1, ... of an .h5ad file and the total of all cells, with what it took: a process of its own, so that
// its peak of memory is its own. `node sum-genes.js FILE GENES`

const [path = '', count = '1'] = process.argv.slice(2);
const start = performance.now();
const source = await openCells(path, { perturbationColumn: 'perturbation', ignoredColumns: [] });
const columns = Array.from({ length: Number(count) }, (_, gene) => source.genes.indexOf(`G${gene}`));
const cells = Int32Array.from({ length: source.cells }, (_, cell) => cell);
const { values, totals = new Float64Array(0) } = await source.read({ columns, cells, totals: true });
const sums = new Float64Array(columns.length);
for (let entry = 0; entry < values.length; entry++) sums[entry % columns.length]! += values[entry]!;
source.close();
const found: GeneSums = {
  seconds: (performance.now() - start) / 1000,
  megabytes: process.resourceUsage().maxRSS / 1024,
  sums: [...sums],
  total: totals.reduce((sum, total) => sum + total, 0),
};
console.log(JSON.stringify(found));
