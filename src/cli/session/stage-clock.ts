import { existsSync } from 'node:fs';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { formatDuration } from '../../../core/run/format.js';
import { readJson } from '../../evaluation/scores/json-file.js';

const Seconds = z.record(z.string(), z.number().min(0));

/** Time spent on each stage of a job over all calls that it took, kept in a file. */
export class StageClock {
  readonly #path: string;
  #seconds: Record<string, number>;

  constructor(path: string) {
    this.#path = path;
    const kept = existsSync(path) ? Seconds.safeParse(readJson(path)) : undefined;
    this.#seconds = kept?.success ? kept.data : {};
  }

  /** Seconds per stage. */
  get seconds(): Readonly<Record<string, number>> {
    return this.#seconds;
  }

  /** Runs a stage and adds the time that it took, also when it fails. */
  async time<Result>(stage: string, work: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      const spent = (performance.now() - start) / 1000;
      this.#seconds = { ...this.#seconds, [stage]: (this.#seconds[stage] ?? 0) + spent };
      writeFileAtomic(this.#path, `${JSON.stringify(this.#seconds, null, 2)}\n`);
    }
  }

  describe(): string {
    const parts = Object.entries(this.#seconds).map(([stage, seconds]) => `${stage} ${formatDuration(seconds)}`);
    const total = Object.values(this.#seconds).reduce((sum, seconds) => sum + seconds, 0);
    return `Time: ${formatDuration(total)} in all (${parts.join(', ')})`;
  }
}
