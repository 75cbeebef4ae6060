import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CausalPilotError } from './errors.js';

/** The folder of the installed package; found by walking up, because sources and built files lie at different depths. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new CausalPilotError('E_STATE', 'the package.json of causal-pilot was not found; reinstall the package');
    folder = parent;
  }
  return folder;
}

/**
 * The version of causal-pilot that is running, as recorded in run folders and checkpoints.
 *
 * @throws CausalPilotError E_STATE if the package does not tell it.
 */
export function programVersion(): string {
  const path = join(packageFolder(), 'package.json');
  // Read by hand: every call of the command line asks for the version, and loading zod takes longer than `--help`.
  const { version }: { version?: unknown } = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof version !== 'string')
    throw new CausalPilotError('E_STATE', `${path}: there is no version in it; reinstall the package`);
  return version;
}
