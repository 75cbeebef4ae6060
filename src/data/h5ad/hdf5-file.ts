import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import h5wasm, { Dataset, File, Group } from 'h5wasm/node';
import { CausalPilotError } from '../../../core/errors.js';

/** Filters that the HDF5 library has built in: deflate, shuffle, checksum, szip, n-bit, scale-offset. */
const BUILT_IN_FILTERS = [1, 2, 3, 4, 5, 6];

/** Filters of the package h5wasm-plugins: bzip2, lzf, blosc, lz4, bitshuffle, zfp, zstd, jpeg, blosc2, bit rounding. */
const PLUGIN_FILTERS = [307, 32000, 32001, 32004, 32008, 32013, 32015, 32018, 32019, 32022, 32023, 32026];

let library: Promise<void> | undefined;

/** Loads the HDF5 library with its filters; from then on its failures are exceptions and nothing is printed. */
export function loadHdf5(): Promise<void> {
  library ??= h5wasm.ready.then((module) => {
    const plugins = dirname(createRequire(import.meta.url).resolve('h5wasm-plugins'));
    module.insert_plugin_search_path(join(plugins, 'plugins'), 0);
    // Left off, a failed read would hand out whatever was in memory.
    module.activate_throwing_error_handler();
  });
  return library;
}

/** An HDF5 file that is read by paths such as `obs/perturbation`; every failure names the file and the path. */
export class Hdf5Reader {
  readonly #file: File;

  private constructor(
    readonly path: string,
    file: File,
  ) {
    this.#file = file;
  }

  /** @throws CausalPilotError E_INPUT for a file that is not HDF5 or is cut off. */
  static async open(path: string): Promise<Hdf5Reader> {
    await loadHdf5();
    try {
      return new Hdf5Reader(path, new File(path, 'r'));
    } catch (cause) {
      throw new CausalPilotError('E_INPUT', `${path}: not a readable HDF5 file, or cut off`, { cause });
    }
  }

  close(): void {
    this.#file.close();
  }

  /** The group or dataset at a path; undefined where there is none. */
  find(path: string): Group | Dataset | undefined {
    return this.attempt(path, () => {
      let entry: unknown = this.#file;
      for (const part of path.split('/').filter((name) => name !== '')) {
        // Looking below a dataset is an error to the library.
        if (!(entry instanceof Group)) return undefined;
        entry = entry.get(part);
      }
      return entry instanceof Group || entry instanceof Dataset ? entry : undefined;
    });
  }

  /** Names in a group, none where there is no such group. */
  names(path: string): string[] {
    const entry = this.find(path);
    return entry instanceof Group ? entry.keys() : [];
  }

  /** @throws CausalPilotError E_INPUT where there is no dataset at the path or its filter is missing. */
  dataset(path: string): Dataset {
    const entry = this.find(path);
    if (!(entry instanceof Dataset)) throw this.invalid(`'${path}' is ${entry === undefined ? 'missing' : 'a group'}`);
    const filter = entry.filters.find(({ id }) => ![...BUILT_IN_FILTERS, ...PLUGIN_FILTERS].includes(id));
    if (filter !== undefined)
      throw this.invalid(
        `'${path}' is packed by filter ${filter.id} (${filter.name}), which is not available; write it with gzip`,
      );
    return entry;
  }

  /** An attribute as text, or undefined. */
  text(entry: Group | Dataset, name: string): string | undefined {
    const value = this.attempt(entry.path, () => entry.attrs[name]?.value);
    return typeof value === 'string' ? value : undefined;
  }

  /** Does what touches the file; a failure of the library becomes an error that names the place. */
  attempt<Result>(path: string, action: () => Result): Result {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof CausalPilotError) throw cause;
      throw new CausalPilotError('E_INPUT', `${this.path}: damaged: '${path}' cannot be read`, { cause });
    }
  }

  invalid(problem: string): CausalPilotError {
    return new CausalPilotError('E_INPUT', `${this.path}: not an AnnData table that can be read: ${problem}`);
  }
}
