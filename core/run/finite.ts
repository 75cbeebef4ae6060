import { join } from 'node:path';
import { writeFileAtomic, writeFolderAtomic } from '../checkpoint/files.js';
import { type TensorMap, writeSafetensors } from '../checkpoint/safetensors.js';
import { CausalPilotError } from '../errors.js';

/**
 * Stops a run as soon as a loss, reward or weight is no longer a number.
 *
 * @throws CausalPilotError E_NUMERIC naming the step, the tensor and the first element that is not finite.
 */
export function assertFinite(step: number, name: string, value: number | ArrayLike<number>): void {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return;
    throw numericError(step, `'${name}' is ${value}`);
  }
  for (let element = 0; element < value.length; element++) {
    const item = value[element];
    if (!Number.isFinite(item)) throw numericError(step, `'${name}' holds ${item} at element ${element}`);
  }
}

function numericError(step: number, problem: string): CausalPilotError {
  return new CausalPilotError(
    'E_NUMERIC',
    `step ${step}: ${problem}; resume from the last checkpoint with a smaller learning rate`,
  );
}

/** What is known at the moment at which a run went wrong. */
export interface NumericDump {
  readonly step: number;
  /** The tensor that failed. */
  readonly name: string;
  /** Batch, losses, weights: whatever helps to repeat the step. */
  readonly tensors: TensorMap;
  /** Anything JSON holds; NaN and infinities are written as text. @defaultValue nothing */
  readonly details?: unknown;
}

/** Writes `dump-step-<n>/` (tensors.safetensors, dump.json) into a run folder and returns its path. */
export async function writeNumericDump(runFolder: string, dump: NumericDump): Promise<string> {
  const folder = join(runFolder, `dump-step-${dump.step}`);
  const { step, name, details = null } = dump;
  const text = JSON.stringify(
    { step, name, details },
    (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
    2,
  );
  await writeFolderAtomic(folder, (temporary) => {
    writeSafetensors(join(temporary, 'tensors.safetensors'), dump.tensors);
    writeFileAtomic(join(temporary, 'dump.json'), `${text}\n`);
  });
  return folder;
}
