import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runCommandLine } from '../../../src/cli/program.js';

const dist = fileURLToPath(new URL('../../../dist/src', import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** @defaultValue 'cli/main.js' */
  readonly entry?: 'cli/main.js' | 'fixtures/main.js';
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command line to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): CliResult {
  const { entry = 'cli/main.js', cwd, env = {} } = options;
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtEntry(entry), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { status, stdout, stderr };
}

/** Runs the command line in this process: the same code without the time to start. */
export async function callCli(args: readonly string[]): Promise<CliResult> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((part) => {
      printed[name] += String(part);
      return true;
    }),
  );
  try {
    const status = await runCommandLine(args);
    return { status, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs the built command line and sends it `signal` as soon as `isReady` says so. */
export async function interruptCli(
  args: readonly string[],
  { isReady, signal }: { readonly isReady: () => boolean; readonly signal: NodeJS.Signals },
): Promise<CliResult> {
  const child = spawn(process.execPath, [builtEntry('cli/main.js'), ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part) => {
    stdout += part;
  });
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  const timer = setInterval(() => {
    if (!isReady()) return;
    clearInterval(timer);
    child.kill(signal);
  }, 20);
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearInterval(timer);
      resolve({ status, stdout, stderr });
    });
  });
}

function builtEntry(entry: string): string {
  const path = join(dist, entry);
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm run build before these tests`);
  return path;
}
