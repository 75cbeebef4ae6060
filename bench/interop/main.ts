import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InteropResult } from './python.js';
import { checkSafetensors } from './safetensors.js';
import { checkTables } from './tables.js';
import { checkTensorboard } from './tensorboard.js';

// Checks our file formats against the Python tools that users have: `npm run interop`, or some of them by name, as in
// `npm run interop -- tables`. What is not installed is skipped with the command that installs it; only a difference is a failure.

const CHECKS = new Map<string, (folder: string) => InteropResult | Promise<InteropResult>>([
  ['safetensors', checkSafetensors],
  ['tensorboard', checkTensorboard],
  ['tables', checkTables],
]);

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !CHECKS.has(name));
if (unknown !== undefined) {
  console.error(`interop: there is no check '${unknown}'; choose among ${[...CHECKS.keys()].join(', ')}`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'causal-pilot-interop-'));
try {
  for (const [name, check] of CHECKS) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const { outcome, details } = await check(folder);
    console.log(`${name}: ${outcome}: ${details}`);
    if (outcome === 'differs') process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
