import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { CausalPilotError } from '../../errors.js';
import type { DeviceDescription } from './device.js';
import { cudaFolder, readSource, sourceNames } from './kernel-sources.js';

/** NVIDIA's run-time compiler, loaded. */
interface Nvrtc {
  readonly version: readonly [number, number];
}

interface NvrtcScript {
  findNvrtc(): Nvrtc | undefined;
  compileKernels(nvrtc: Nvrtc, file: string, architecture: string): Uint8Array;
}

/** Where the device code of the kernels comes from. */
export interface KernelImages {
  /** For people: the compiler or the shipped code. */
  readonly origin: string;
  /**
   * What the driver loads for a .cu file.
   *
   * @throws CausalPilotError E_BACKEND when it can neither be compiled nor is shipped.
   */
  image(file: string): Uint8Array;
  /** Another form, should the driver refuse the first: one made by an NVRTC that is newer than the driver, say. */
  readonly alternative?: (file: string) => Uint8Array;
}

/** The images for a device: compiled for it where NVRTC is installed, else the shipped PTX, which the driver translates. */
export async function kernelImages({ kind, capability }: DeviceDescription): Promise<KernelImages> {
  if (kind === 'software') return { origin: 'compiled for the processor', image: () => new Uint8Array(1) };
  const script = (await import(pathToFileURL(join(cudaFolder(), 'build', 'nvrtc.mjs')).href)) as NvrtcScript;
  const nvrtc = script.findNvrtc();
  if (nvrtc === undefined) return { origin: 'shipped PTX', image: readShippedPtx };
  const architecture = `sm_${capability}`;
  return {
    origin: `NVRTC ${nvrtc.version.join('.')}`,
    image(file) {
      const key = imageKey(file, `${architecture} NVRTC ${nvrtc.version}`);
      try {
        return cached(`${key}.cubin`, () => script.compileKernels(nvrtc, file, architecture));
      } catch (error) {
        // An old compiler does not know a new device; the driver does.
        return readShippedPtx(file, error);
      }
    },
    alternative: readShippedPtx,
  };
}

/** Hash of everything that the compiled file depends on. */
function imageKey(file: string, compiler: string): string {
  const hash = createHash('sha256').update(`${compiler}\0`).update(readSource(file));
  for (const header of sourceNames('.cuh')) hash.update(`\0${header}\0`).update(readSource(header));
  return hash.digest('hex').slice(0, 32);
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'causal-pilot', 'kernels');
}

/** What `make` gave earlier under that name, or gives now; a cache that cannot be written is done without. */
function cached(name: string, make: () => Uint8Array): Uint8Array {
  const path = join(cacheFolder(), name);
  if (existsSync(path)) return readFileSync(path);
  noticeCompilation();
  const made = make();
  try {
    mkdirSync(cacheFolder(), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, made);
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    return made;
  }
  return made;
}

let noticeGiven = false;

/** The largest files take half a minute, which should not look like a standstill. */
function noticeCompilation(): void {
  if (noticeGiven) return;
  noticeGiven = true;
  process.stderr.write(`Compiling CUDA kernels for this device; they are kept in ${cacheFolder()}\n`);
}

function readShippedPtx(file: string, reason?: unknown): Uint8Array {
  const path = join(cudaFolder(), 'ptx', `${file.replace(/\.cu$/, '')}.ptx.gz`);
  if (existsSync(path)) return Buffer.concat([gunzipSync(readFileSync(path)), Buffer.alloc(1)]);
  const why = reason instanceof Error ? ` (${reason.message})` : '';
  throw new CausalPilotError(
    'E_BACKEND',
    `backend 'cuda': there is no compiled code for ${file}${why}; install NVRTC (CUDA toolkit 11.8 or newer), or reinstall causal-pilot`,
  );
}
