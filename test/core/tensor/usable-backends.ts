import { type BackendName, describeBackends } from '../../../core/backend/backend.js';

/** Those of the backends that this machine has: without a C++ compiler there is no native one, and the rest must pass. */
export async function usableBackends(names: readonly BackendName[]): Promise<BackendName[]> {
  const known = await describeBackends();
  return names.filter((name) => known.some((backend) => backend.name === name && backend.usable));
}

/** Whether the native library was built. */
export const nativeIsUsable = (await usableBackends(['native'])).length > 0;
