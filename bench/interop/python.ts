import { spawnSync } from 'node:child_process';

/** What a check against another library found. */
export type InteropResult =
  | { readonly outcome: 'agrees'; readonly details: string }
  | { readonly outcome: 'differs'; readonly details: string }
  | { readonly outcome: 'skipped'; readonly details: string };

/** The Python to compare with: `PYTHON`, or `python3` on the path. */
const PYTHON = process.env.PYTHON ?? 'python3';

/** Why a check must be skipped (no Python, or a package is missing), or undefined when all is there. */
export function missingForPython(packages: readonly string[]): string | undefined {
  const found = spawnSync(PYTHON, ['-c', `import ${packages.join(', ')}`], { encoding: 'utf8' });
  if (found.error !== undefined) return `no Python (${PYTHON}); set PYTHON to one that has ${packages.join(', ')}`;
  if (found.status !== 0) return `${PYTHON} lacks a package; run: ${PYTHON} -m pip install ${packages.join(' ')}`;
  return undefined;
}

/** Runs a script with arguments and returns the JSON that it prints. */
export function runPython(script: string, ...args: readonly string[]): unknown {
  const result = spawnSync(PYTHON, ['-c', script, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new Error(`Python failed: ${result.stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(result.stdout);
}
