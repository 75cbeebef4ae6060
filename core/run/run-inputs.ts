import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { CausalPilotError } from '../errors.js';

/** Something from outside that decides a result: a posterior, a policy, a table of cells, a module of the user's. */
export const RunInput = z.strictObject({
  /** Where it was, or its name; another place with the same content is the same input. */
  source: z.string(),
  /** SHA-256 of its content, or the name of what is computed. */
  identity: z.string(),
});
export type RunInput = z.infer<typeof RunInput>;

/** Inputs by what they are to the run, for example `posterior`. */
export const RunInputs = z.record(z.string(), RunInput);
export type RunInputs = Readonly<z.infer<typeof RunInputs>>;

const READ_BYTES = 1 << 20;

/** A file by the hash of its bytes; as large as it may be, a piece of it is held at a time. */
export function fileInput(path: string): RunInput {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(READ_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return { source: path, identity: hash.digest('hex') };
}

/**
 * Checks that what goes on has the inputs that it began with. What an earlier version did not record is not compared.
 *
 * @throws CausalPilotError E_CONFIG naming the first input that is another one.
 */
export function checkInputs(where: string, stored: RunInputs, given: RunInputs): void {
  for (const [name, before] of Object.entries(stored)) {
    const now = given[name];
    if (now?.identity === before.identity) continue;
    throw new CausalPilotError(
      'E_CONFIG',
      `${where}: it was started with another ${name} (then ${describe(before)}, now ${now === undefined ? 'none that is known' : describe(now)}); go on with the same one, or start anew in another folder`,
    );
  }
}

/** The first digits of a hash tell two of them apart. */
function describe({ source, identity }: RunInput): string {
  return source === identity ? source : `${source}, ${identity.slice(0, 12)}`;
}
