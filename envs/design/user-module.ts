import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CausalPilotError } from '../../core/errors.js';

/** What a module exports, by name. */
export type UserModule = Readonly<Record<string, unknown>>;

/**
 * Runs a JavaScript file of a user's own as Node runs any module: it is code, so only the user may name it, never a
 * configuration or a checkpoint.
 *
 * @throws CausalPilotError E_INPUT for a file that cannot be loaded.
 */
export async function loadUserModule(file: string): Promise<UserModule> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as UserModule;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CausalPilotError('E_INPUT', `${file}: cannot be loaded: ${reason}`, { cause: error });
  }
}
