import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { CausalPilotError } from '../../core/errors.js';
import type { FixtureCase } from './fixtures/comparer.js';
import { comparerByName, findComparer } from './fixtures/registry.js';

/** What became of one file, one line per entry. */
interface FileReport {
  readonly ok: number;
  readonly failed: number;
  readonly skipped: number;
  readonly lines: readonly string[];
}

/** Compares our functions with every reference file below a folder; exit code 0 all match, 1 not, 2 bad arguments. */
async function main(args: readonly string[]): Promise<number> {
  const [folder] = args;
  if (folder === undefined || folder.startsWith('-') || args.length !== 1) {
    process.stderr.write('usage: npm run fixtures -- DIR   (a folder with reference files, *.json)\n');
    return 2;
  }
  const files = findJsonFiles(folder);
  if (files === undefined || files.length === 0) {
    process.stderr.write(`fixtures: ${folder} ${files === undefined ? 'is not a folder' : 'holds no .json file'}\n`);
    return 2;
  }
  const total = { ok: 0, failed: 0, skipped: 0 };
  for (const path of files) {
    const report = await compareFile(path, relative(folder, path));
    for (const line of report.lines) process.stdout.write(`${line}\n`);
    total.ok += report.ok;
    total.failed += report.failed;
    total.skipped += report.skipped;
  }
  process.stdout.write(`${total.ok} ok, ${total.failed} failed, ${total.skipped} files skipped\n`);
  return total.failed > 0 ? 1 : 0;
}

function findJsonFiles(folder: string): string[] | undefined {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.toLowerCase().endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

async function compareFile(path: string, name: string): Promise<FileReport> {
  try {
    const data = parse(path);
    const comparer = findComparer(basename(path), data);
    if (comparer === undefined)
      return { ok: 0, failed: 0, skipped: 1, lines: [`skipped   ${name}: not a format that is known yet`] };
    const cases = await comparer.compare(data);
    const failed = cases.filter(({ matches }) => !matches).length;
    return { ok: cases.length - failed, failed, skipped: 0, lines: cases.map((one) => caseLine(name, one)) };
  } catch (error) {
    if (!(error instanceof CausalPilotError)) throw error;
    return { ok: 0, failed: 1, skipped: 0, lines: [`MALFORMED ${name}: ${error.message}`] };
  }
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const known = comparerByName(basename(path));
    const expected = known === undefined ? '' : ` (expected the format ${known.format})`;
    throw new CausalPilotError('E_INPUT', `not valid JSON${expected}: ${(error as Error).message}`, { cause: error });
  }
}

function caseLine(name: string, { label, error, tolerance, matches, quantity }: FixtureCase): string {
  const verdict = matches ? 'ok       ' : 'MISMATCH ';
  const figures = `largest error ${error.toExponential(1)} in ${quantity} (tolerance ${tolerance.toExponential(1)})`;
  return `${verdict} ${name} ${label}: ${figures}`;
}

process.exitCode = await main(process.argv.slice(2));
