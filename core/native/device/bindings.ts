import koffi from 'koffi';
import { findLibrary } from './library.js';

/** An array that C reads or writes in place; null is a null pointer. */
export type Pointer = Float32Array | Int32Array | Uint32Array | Uint8Array | null;

/** Parameter types of the exported C functions: p pointer, i int32, l int64, f float. Results are void unless noted. */
const SIGNATURES = {
  cp_set_threads: 'i',
  cp_encoder_forward: `pppppf${'p'.repeat(12)}`,
  cp_encoder_backward: `ppppppf${'p'.repeat(24)}`,
  cp_layer_norm: 'pppplif',
  cp_layer_norm_gradient: 'pppppplif',
  cp_masked_max_pool: 'pppplii',
  cp_masked_max_pool_gradient: 'ppplii',
  cp_sink_statistics: 'pppliifii',
  cp_sink_statistics_gradient: 'ppppliifii',
  cp_pair_layer: `pplii${'p'.repeat(18)}`,
  cp_pair_layer_gradient: `ppplii${'p'.repeat(36)}`,
  cp_matmul: 'ppppiiiiiiiii',
  cp_linear: 'ppppliii',
  cp_linear_gradient: 'ppppppplii',
  cp_unary: 'ipplff',
  cp_binary: 'ipppip',
  cp_compare: 'ipppip',
  cp_select: 'ppppl',
  cp_reduce: 'ipplll',
  cp_softmax: 'pplii',
  cp_transpose: 'ppip',
  cp_adam: 'pppplp',
  cp_lamb: 'ppppplp',
  cp_polyak: 'pplf',
} as const satisfies Record<string, string>;

const PARAMETER_TYPES: Record<string, string> = { p: 'void *', i: 'int32_t', l: 'int64_t', f: 'float' };

type VoidName = keyof typeof SIGNATURES;

/** The C functions, by name; see the .cpp files for their arguments. */
export type NativeFunctions = Record<VoidName, (...args: (Pointer | number)[]) => void> & {
  /** Euclidean norm of `size` numbers. */
  cp_norm(x: Float32Array, size: number): number;
  /** Does `rounds` products in first-level cache on every thread; returns the number of floating-point operations. */
  cp_peak_operations(rounds: number): number;
};

let loaded: Promise<NativeFunctions> | undefined;

async function load(): Promise<NativeFunctions> {
  const { path } = findLibrary();
  const library = koffi.load(path);
  const functions: Record<string, unknown> = {
    cp_norm: library.func('double cp_norm(void *x, int64_t size)'),
    cp_peak_operations: library.func('double cp_peak_operations(int32_t rounds)'),
  };
  for (const [name, signature] of Object.entries(SIGNATURES)) {
    const parameters = [...signature].map((letter) => PARAMETER_TYPES[letter]!);
    functions[name] = library.func(name, 'void', parameters);
  }
  return functions as NativeFunctions;
}

/**
 * Loads the library once per thread.
 *
 * @throws CausalPilotError E_BACKEND when it is not built or does not belong here.
 */
export function loadFunctions(): Promise<NativeFunctions> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}
