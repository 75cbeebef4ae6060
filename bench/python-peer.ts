import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = process.env.PYTHON ?? 'python3';
const folder = fileURLToPath(
  new URL(import.meta.url.includes('/dist/bench/') ? '../../bench/peers/' : './peers/', import.meta.url),
);

/** Why a peer that imports `module` cannot run, or undefined if it can. */
export function missingPythonModule(module: string): string | undefined {
  const { status, error } = spawnSync(PYTHON, ['-c', `import ${module}`], { encoding: 'utf8' });
  if (error !== undefined) return `no Python (${PYTHON}); set PYTHON to one that has ${module}`;
  return status === 0 ? undefined : `${PYTHON} cannot import ${module}; set PYTHON to one that can`;
}

/** A script of bench/peers that stays up: it answers each line of JSON with one. */
export class PythonPeer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  constructor(script: string) {
    this.#process = spawn(PYTHON, [`${folder}${script}`]);
    // A peer that died is reported by the missing answer, with what it said.
    this.#process.stdin.on('error', () => undefined);
    this.#process.stderr.on('data', (part) => {
      this.#errors += part;
    });
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async ask<Answer>(request: object): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error(`Python failed: ${this.#errors.trim().split('\n').at(-1)}`);
    return JSON.parse(answer.value) as Answer;
  }

  close(): void {
    this.#process.stdin.end();
  }
}
