import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CausalPilotError } from '../../errors.js';

const require = createRequire(import.meta.url);

/** What core/native/build/build.mjs recorded about the library that it built. */
export interface BuildManifest {
  compiler: string;
  flags: string;
  processor: string;
  /** SHA-256 over the C++ sources. */
  sources: string;
}

/** Folder of the C++ sources: this file's own, or its counterpart in the sources when this file runs from dist/. */
export function nativeFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; dirname(folder) !== folder; folder = dirname(folder)) {
    const candidate = join(folder, 'core', 'native');
    if (existsSync(join(candidate, 'build', 'build.mjs'))) return candidate;
  }
  return here;
}

/** How to build the kernels from where the reader is: a clone, or a package that was installed somewhere. */
export function buildCommand(): string {
  const script = join(nativeFolder(), 'build', 'build.mjs');
  const near = relative(process.cwd(), script);
  return `node ${near.startsWith('..') ? script : near}`;
}

/** The parts of the build that decide whether a library fits: the same code that recorded it. */
interface BuildIdentity {
  hashSources(folder: string): string;
  processorName(): string;
}

function readManifest(path: string): BuildManifest | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const fields = ['compiler', 'flags', 'processor', 'sources'];
    const complete =
      typeof value === 'object' &&
      value !== null &&
      fields.every((field) => typeof (value as Record<string, unknown>)[field] === 'string');
    return complete ? (value as BuildManifest) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The library in `build` and its manifest, checked to belong to these sources and this processor.
 *
 * @throws CausalPilotError E_BACKEND saying why the library cannot be used and how to mend it.
 */
export function findLibrary(build = join(nativeFolder(), 'compiled')): { path: string; manifest: BuildManifest } {
  const refuse = (reason: string): never => {
    throw new CausalPilotError(
      'E_BACKEND',
      `backend 'native': ${reason}; run ${buildCommand()}, or use --backend wasm`,
    );
  };
  const path = join(build, 'kernels.so');
  if (!existsSync(path)) refuse('its kernels are not built');
  const manifest = readManifest(join(build, 'manifest.json'));
  if (manifest === undefined) return refuse('the record of its build is missing or damaged');
  const identity = require(join(nativeFolder(), 'build', 'identity.cjs')) as BuildIdentity;
  const processor = identity.processorName();
  if (manifest.processor !== processor) {
    refuse(`its kernels were built for another processor (${manifest.processor}, here ${processor})`);
  }
  if (manifest.sources !== identity.hashSources(join(nativeFolder(), 'kernels')))
    refuse('its kernels were built from other sources');
  return { path, manifest };
}
