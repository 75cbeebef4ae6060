/** Stable codes that callers and tests may rely on; the message may be reworded, the code may not. */
export type ErrorCode =
  | 'E_INPUT'
  | 'E_CONFIG'
  | 'E_SHAPE'
  | 'E_STATE'
  | 'E_CHECKPOINT'
  | 'E_BACKEND'
  | 'E_NUMERIC'
  | 'E_INTERRUPTED';

/** Codes that mean "what the user gave cannot be used": the command line exits with 2 for these and 1 for the rest. */
export const USER_ERROR_CODES: ReadonlySet<ErrorCode> = new Set(['E_INPUT', 'E_CONFIG', 'E_CHECKPOINT', 'E_BACKEND']);

/** Every error that causal-pilot throws on purpose: one sentence that says what, where, and how to mend it. */
export class CausalPilotError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CausalPilotError';
  }
}

/**
 * Checks that an array-like shape is the one wanted; `-1` in `want` accepts any size.
 *
 * @throws CausalPilotError E_SHAPE naming the function, the argument, the shape expected and the shape received.
 */
export function checkShape(
  functionName: string,
  argument: string,
  got: readonly number[],
  want: readonly number[],
): void {
  const matches = got.length === want.length && want.every((size, axis) => size === -1 || size === got[axis]);
  if (matches) return;
  const wanted = want.map((size) => (size === -1 ? 'any' : size)).join(', ');
  throw new CausalPilotError(
    'E_SHAPE',
    `${functionName}: '${argument}' must have shape [${wanted}], got [${got.join(', ')}]`,
  );
}
