import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSafetensors } from './safetensors.js';
import { checkTensorboard } from './tensorboard.js';

// Checks our file formats against the Python tools that users have: `node dist/bench/interop/main.js`.
// What is not installed is skipped with the command that installs it; only a difference is a failure.

const folder = mkdtempSync(join(tmpdir(), 'causal-pilot-interop-'));
try {
  for (const [name, check] of [
    ['safetensors', checkSafetensors],
    ['tensorboard', checkTensorboard],
  ] as const) {
    const { outcome, details } = check(folder);
    console.log(`${name}: ${outcome}: ${details}`);
    if (outcome === 'differs') process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
