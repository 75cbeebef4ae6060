import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CausalPilotError } from '../../core/errors.js';
import type { CellSourceOptions } from '../../src/data/cells/cell-source.js';
import { openCells } from '../../src/data/open-cells.js';
import { type InteropResult, missingForPython, runPython } from './python.js';

// Tables of cells that ship in public packages, as our reader and anndata take them, and a table larger than memory likes.

/** Prints where the files are; sources that pip cannot fetch are left out. */
const FIND = `
import glob, json, os, subprocess, sys, tarfile, zipfile
import scanpy
folder = sys.argv[1]
def fetch(*args):
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, *args], capture_output=True)
found = [[p, "bulk_labels"] for p in glob.glob(os.path.join(os.path.dirname(scanpy.__file__), "datasets", "*.h5ad"))]
fetch("--no-binary", ":all:", "anndata")
for archive in glob.glob(os.path.join(folder, "anndata-*.tar.gz")):
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if "tests/data/archives" in m.name and m.name.endswith(".h5ad")]
        tar.extractall(folder, members)
        found += [[os.path.join(folder, m.name), None] for m in members]
fetch("cdt")
for archive in glob.glob(os.path.join(folder, "cdt-*.whl")):
    with zipfile.ZipFile(archive) as wheel:
        found.append([wheel.extract("cdt/data/resources/cyto_full_data.csv", folder), None])
print(json.dumps(found))
`;

/** What anndata (pandas for text) has in a file: cells, genes, cells per label, the sum of every gene. */
const READ = `
import json, sys
import numpy as np
path, column = sys.argv[1], sys.argv[2]
if path.endswith(".csv"):
    import pandas
    table = pandas.read_csv(path)
    print(json.dumps({"cells": len(table), "genes": list(table.columns), "sums": [float(s) for s in table.sum()], "labels": {}}))
else:
    import anndata
    table = anndata.read_h5ad(path)
    column = column or next((c for c in table.obs if table.obs[c].dtype.kind not in "fiub"), "")
    sums = [] if table.X is None else np.asarray(table.X.sum(axis=0, dtype="f8")).ravel()
    labels = {str(k): int(v) for k, v in table.obs[column].value_counts().items() if v} if column else {}
    print(json.dumps({"cells": table.n_obs, "genes": [str(g) for g in table.var_names], "sums": [float(s) for s in sums], "labels": labels, "column": column}))
`;

/** Writes 100,000 x 20,000 sparse counts, 500 of each cell, as anndata writes them. */
const MAKE = `
import sys
import h5py, numpy as np
path, cells, genes, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
text = h5py.string_dtype()
random = np.random.default_rng(0)
def encode(group, kind, version):
    group.attrs["encoding-type"] = kind
    group.attrs["encoding-version"] = version
with h5py.File(path, "w") as file:
    encode(file, "anndata", "0.1.0")
    x = file.create_group("X")
    encode(x, "csr_matrix", "0.1.0")
    x.attrs["shape"] = np.array([cells, genes])
    data = x.create_dataset("data", (cells * each,), "f4", chunks=(1 << 16,))
    indices = x.create_dataset("indices", (cells * each,), "i4", chunks=(1 << 16,))
    x.create_dataset("indptr", data=np.arange(cells + 1, dtype="i8") * each)
    step = genes // each
    for first in range(0, cells, 10000):
        count = min(10000, cells - first)
        own = np.arange(each) * step + random.integers(0, step, (count, each))
        part = slice(first * each, (first + count) * each)
        indices[part] = own.ravel()
        data[part] = random.integers(1, 9, count * each)
    for name, size, stem in [("obs", cells, "c"), ("var", genes, "G")]:
        frame = file.create_group(name)
        encode(frame, "dataframe", "0.2.0")
        frame.attrs["_index"] = "_index"
        frame.attrs["column-order"] = np.array(["perturbation"] if name == "obs" else [], dtype=text)
        index = frame.create_dataset("_index", data=np.array([stem + str(i) for i in range(size)], dtype=object), dtype=text)
        encode(index, "string-array", "0.2.0")
    labels = file["obs"].create_group("perturbation")
    encode(labels, "categorical", "0.2.0")
    labels.attrs["ordered"] = False
    encode(labels.create_dataset("categories", data=np.array(["control"] + ["G" + str(i) for i in range(30)], dtype=object), dtype=text), "string-array", "0.2.0")
    encode(labels.create_dataset("codes", data=(np.arange(cells) % 31).astype("i1")), "array", "0.2.0")
print("null")
`;

/** The same genes by anndata in backed mode, with the total of every cell, in pieces of cells that fit into memory. */
const BACKED = `
import json, resource, sys, time
import anndata, numpy as np
start = time.perf_counter()
table = anndata.read_h5ad(sys.argv[1], backed="r")
genes = table.var_names.get_indexer(["G" + str(i) for i in range(30)])
sums, total = np.zeros(30), 0.0
for first in range(0, table.n_obs, 10000):
    part = table.X[first:first + 10000]
    sums += np.asarray(part[:, genes].sum(axis=0, dtype="f8")).ravel()
    total += float(part.sum(dtype="f8"))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": time.perf_counter() - start, "megabytes": usage.ru_maxrss / 1024, "sums": list(sums), "total": total}))
`;

interface PythonTable {
  readonly cells: number;
  readonly genes: readonly string[];
  readonly sums: readonly number[];
  readonly labels: Readonly<Record<string, number>>;
  readonly column?: string;
}

export interface GeneSums {
  readonly seconds: number;
  readonly megabytes: number;
  readonly sums: readonly number[];
  readonly total: number;
}

/** Reads public tables and a large one with both; one line for each. */
export async function checkTables(folder: string): Promise<InteropResult> {
  const missing = missingForPython(['anndata', 'scanpy']);
  if (missing !== undefined) return { outcome: 'skipped', details: missing };
  const files = runPython(FIND, folder) as [string, string | null][];
  const lines: string[] = [];
  let differs = false;
  for (const [path, column] of files) {
    const { agrees, line } = await compare(path, column);
    differs ||= !agrees;
    lines.push(line);
  }
  const large = compareLarge(join(folder, 'large.h5ad'));
  differs ||= !large.agrees;
  return { outcome: differs ? 'differs' : 'agrees', details: ['', ...lines, large.line].join('\n  ') };
}

async function compare(path: string, column: string | null): Promise<{ agrees: boolean; line: string }> {
  const name = path.split('/').slice(-2).join('/');
  const theirs = runPython(READ, path, column ?? '') as PythonTable;
  const label = theirs.column ?? '';
  try {
    const ours = await readAll(path, { perturbationColumn: label === '' ? 'perturbation' : label, ignoredColumns: [] });
    const problems = [
      ...(ours.cells === theirs.cells ? [] : [`${ours.cells} cells, not ${theirs.cells}`]),
      ...(ours.genes.join() === theirs.genes.join() ? [] : ['other genes']),
      ...theirs.sums.flatMap((sum, gene) =>
        Math.abs(ours.sums[gene]! - sum) <= 1e-5 * Math.max(1, Math.abs(sum)) ? [] : [`sum of ${theirs.genes[gene]}`],
      ),
      ...Object.entries(theirs.labels).flatMap(([own, count]) =>
        ours.labels.get(own) === count ? [] : [`cells '${own}'`],
      ),
    ];
    const told = `${ours.cells} cells x ${ours.genes.length} genes, ${ours.layout}; ${ours.values}; ${ours.labels.size} labels in '${label}'`;
    return problems.length === 0
      ? { agrees: true, line: `${name}: read alike: ${told}` }
      : { agrees: false, line: `${name}: DIFFERS: ${problems.slice(0, 5).join(', ')}` };
  } catch (error) {
    if (!(error instanceof CausalPilotError)) throw error;
    return label === '' && path.endsWith('.csv')
      ? withLabels(path, theirs, error.message)
      : { agrees: true, line: `${name}: refused: ${error.message.replace(path, name)}` };
  }
}

/** A table without labels is refused; with a column of them it must be read like the one of the package. */
async function withLabels(
  path: string,
  theirs: PythonTable,
  refusal: string,
): Promise<{ agrees: boolean; line: string }> {
  const { readFileSync } = await import('node:fs');
  const [header, ...rows] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const labelled = `${path}.labelled.csv`;
  writeFileSync(labelled, [`perturbation,${header}`, ...rows.map((row) => `control,${row}`)].join('\n'));
  const ours = await readAll(labelled, { perturbationColumn: 'perturbation', ignoredColumns: [] });
  const agrees = ours.genes.every(
    (gene, at) =>
      gene === theirs.genes[at] && Math.abs(ours.sums[at]! - theirs.sums[at]!) <= 1e-9 * Math.abs(theirs.sums[at]!),
  );
  const name = path.split('/').at(-1);
  return {
    agrees,
    line: `${name}: refused: ${refusal.replace(path, name!)}; with a column 'perturbation': ${agrees ? 'read alike' : 'DIFFERS'}: ${ours.cells} cells x ${ours.genes.length} columns; ${ours.values}`,
  };
}

async function readAll(path: string, options: CellSourceOptions) {
  const source = await openCells(path, options);
  try {
    const cells = Int32Array.from({ length: source.cells }, (_, cell) => cell);
    const size = source.genes.length;
    const { values, profile } = await source.read({ columns: [...source.genes.keys()], cells, totals: false });
    const sums = new Float64Array(size);
    for (let entry = 0; entry < values.length; entry++) sums[entry % size]! += values[entry]!;
    const labels = new Map<string, number>();
    for (const code of source.labels.codes) {
      const label = source.labels.names[code];
      if (label !== undefined) labels.set(label, (labels.get(label) ?? 0) + 1);
    }
    return {
      cells: source.cells,
      genes: source.genes,
      layout: source.layout,
      values: profile.describe(),
      sums,
      labels,
    };
  } finally {
    source.close();
  }
}

const LARGE = { cells: 100_000, genes: 20_000, each: 500 };

function compareLarge(path: string): { agrees: boolean; line: string } {
  runPython(MAKE, path, ...[LARGE.cells, LARGE.genes, LARGE.each].map(String));
  const reader = fileURLToPath(new URL('./sum-genes.js', import.meta.url));
  const child = spawnSync(process.execPath, [reader, path, '30'], { encoding: 'utf8' });
  if (child.status !== 0) return { agrees: false, line: `large table: FAILED: ${child.stderr.trim()}` };
  const ours = JSON.parse(child.stdout) as GeneSums;
  const theirs = runPython(BACKED, path) as GeneSums;
  const agrees = ours.total === theirs.total && ours.sums.every((sum, gene) => sum === theirs.sums[gene]);
  const told = ({ seconds, megabytes }: GeneSums) => `${seconds.toFixed(1)} s and ${megabytes.toFixed(0)} MB`;
  return {
    agrees,
    line: `${LARGE.cells} x ${LARGE.genes} csr, ${LARGE.cells * LARGE.each} entries, 30 genes and all totals: ${agrees ? 'read alike' : 'DIFFERS'} in ${told(ours)} at the peak; anndata backed, 10,000 cells at a time: ${told(theirs)}`,
  };
}
