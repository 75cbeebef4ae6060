import { type ChildProcess, spawn } from 'node:child_process';

export type CommandOutcome =
  | { readonly status: 'finished' }
  | { readonly status: 'interrupted' }
  | { readonly status: 'failed'; readonly message: string };

/** Runs commands of this program in processes of their own, and passes an interrupt on to all of them. */
export class TrialProcesses {
  readonly #running = new Set<ChildProcess>();
  #isInterrupted = false;
  readonly #entry: string;
  readonly #shared: readonly string[];

  /**
   * @param entry - path of the program's main file
   * @param shared - options that every command gets
   */
  constructor(entry: string, shared: readonly string[]) {
    this.#entry = entry;
    this.#shared = shared;
  }

  /** Asks every running command to save and stop; none is begun after that. */
  interrupt(): void {
    this.#isInterrupted = true;
    for (const child of this.#running) child.kill('SIGTERM');
  }

  /** Runs `causal-pilot <args> --json` to its end. */
  async run(args: readonly string[]): Promise<CommandOutcome> {
    if (this.#isInterrupted) return { status: 'interrupted' };
    const child = spawn(process.execPath, [this.#entry, ...args, ...this.#shared, '--json', '--quiet'], {
      // Through the channel a command learns that the sweep is gone, however it ended, and stops too.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C reaches the whole process group; a group of its own lets the sweep decide who is told, once.
      detached: true,
    });
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (part) => {
      stdout += part;
    });
    child.stderr?.on('data', (part) => {
      stderr += part;
    });
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
      (resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => resolve({ code, signal }));
      },
    );
    this.#running.delete(child);
    // One that was still starting had nothing to save.
    if (this.#isInterrupted && signal !== null) return { status: 'interrupted' };
    if (code !== 0)
      return {
        status: 'failed',
        message: lastComplaint(stderr) ?? `ended by ${signal ?? `exit code ${code}`}`,
      };
    return { status: saysInterrupted(stdout) ? 'interrupted' : 'finished' };
  }
}

/** The last sentence of the program; of a crash, the line that names the error. */
function lastComplaint(stderr: string): string | undefined {
  const lines = stderr.trim().split('\n');
  return lines.findLast((line) => /^causal-pilot: |Error: /.test(line)) ?? (lines.at(-1) || undefined);
}

/** Training prints its result as JSON; an evaluation that was stopped prints a sentence instead of figures. */
function saysInterrupted(stdout: string): boolean {
  try {
    return JSON.parse(stdout).status === 'interrupted';
  } catch {
    return true;
  }
}
