import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CausalPilotError } from './errors.js';

const PackageFile = z.object({ name: z.string(), version: z.string() });

/** The folder of the installed package; found by walking up, because sources and built files lie at different depths. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new CausalPilotError('E_STATE', 'the package.json of causal-pilot was not found; reinstall the package');
    folder = parent;
  }
  return folder;
}

/** The version of causal-pilot that is running, as recorded in run folders and checkpoints. */
export function programVersion(): string {
  return PackageFile.parse(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'))).version;
}
