import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ONNXRUNTIME = 'onnxruntime-node@1.30.0';

/** Folder of the package: the nearest one above that holds a package.json. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Where peers are installed: inside node_modules, so ignored by git and gone with it. */
const peersFolder = join(packageFolder(), 'node_modules', '.bench-peers');

/** The sources of the Python peers, also when this runs from dist/. */
export const pythonFolder = join(packageFolder(), 'bench', 'peers');

/** Installs onnxruntime-node with npm; its own install script, which would download GPU libraries, is not run. */
export function installPeers(): void {
  mkdirSync(peersFolder, { recursive: true });
  writeFileSync(join(peersFolder, 'package.json'), '{ "name": "bench-peers", "private": true }\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', ONNXRUNTIME];
  const result = spawnSync('npm', args, { cwd: peersFolder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (result.status !== 0)
    console.error(`${ONNXRUNTIME} could not be installed: ${result.stderr.trim().split('\n').at(-1)}`);
}

/** A package of the peers' folder, or undefined when it is not installed. */
export function requirePeer(name: string): unknown {
  try {
    return createRequire(join(peersFolder, 'package.json'))(name);
  } catch {
    return undefined;
  }
}
