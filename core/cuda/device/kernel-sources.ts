import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CausalPilotError } from '../../errors.js';
import { nativeFolder } from '../../native/device/library.js';

/** How a parameter is passed: a device address, a whole number of 32 or 64 bits, a float, or a struct as bytes. */
export type ParameterKind = 'address' | 'int' | 'unsigned' | 'long' | 'float' | 'struct';

/** A kernel as its source declares it. */
export interface KernelDeclaration {
  readonly name: string;
  /** The .cu file that defines it, without folder. */
  readonly file: string;
  readonly parameters: readonly ParameterKind[];
}

const DECLARATION = /extern "C" __global__ void\s+(?:__launch_bounds__\([^()]*\)\s+)?(\w+)\s*\(([^()]*)\)/g;

const VALUE_KINDS: Readonly<Record<string, ParameterKind>> = {
  int: 'int',
  unsigned: 'unsigned',
  'long long': 'long',
  float: 'float',
};

function kindOf(parameter: string): ParameterKind {
  if (parameter.includes('*')) return 'address';
  const type = parameter.trim().replace(/\s*\w+$/, '');
  return VALUE_KINDS[type] ?? 'struct';
}

/** The kernels that the text of a .cu file declares. */
export function kernelsOf(file: string, text: string): KernelDeclaration[] {
  return [...text.matchAll(DECLARATION)].map(([, name, parameters]) => ({
    name: name!,
    file,
    parameters: parameters!.split(',').map(kindOf),
  }));
}

/** Folder of the CUDA sources: kernels, PTX, build scripts. */
export function cudaFolder(): string {
  return join(nativeFolder(), '..', 'cuda');
}

const kernelFolder = (): string => join(cudaFolder(), 'kernels');

/** Names of the kernel sources that end so. */
export function sourceNames(ending: '.cu' | '.cuh'): string[] {
  return readdirSync(kernelFolder())
    .filter((name) => name.endsWith(ending))
    .sort();
}

export function readSource(file: string): string {
  return readFileSync(join(kernelFolder(), file), 'utf8');
}

let declared: ReadonlyMap<string, KernelDeclaration> | undefined;

/**
 * The kernel of that name.
 *
 * @throws CausalPilotError E_BACKEND when no .cu file declares it.
 */
export function findDeclaration(name: string): KernelDeclaration {
  declared ??= new Map(
    sourceNames('.cu')
      .flatMap((file) => kernelsOf(file, readSource(file)))
      .map((kernel) => [kernel.name, kernel]),
  );
  const kernel = declared.get(name);
  if (kernel !== undefined) return kernel;
  throw new CausalPilotError(
    'E_BACKEND',
    `backend 'cuda': no .cu file in ${kernelFolder()} declares kernel '${name}'; reinstall causal-pilot`,
  );
}
