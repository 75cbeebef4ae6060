import koffi, { type LibraryHandle } from 'koffi';
import { CausalPilotError } from '../../errors.js';
import { findLibrary } from './library.js';

/** What `bind` finds in the built native library, looked for once; undefined where the library cannot be used. */
export function optionalKernel<Kernel>(bind: (library: LibraryHandle) => Kernel): () => Kernel | undefined {
  let found: { readonly kernel: Kernel | undefined } | undefined;
  return () => {
    found ??= { kernel: findKernel(bind) };
    return found.kernel;
  };
}

function findKernel<Kernel>(bind: (library: LibraryHandle) => Kernel): Kernel | undefined {
  try {
    return bind(koffi.load(findLibrary().path));
  } catch (error) {
    if (error instanceof CausalPilotError && error.code === 'E_BACKEND') return undefined;
    throw error;
  }
}
