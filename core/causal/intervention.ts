/** What an experiment does to its targets. `none` is an observation. */
export type InterventionKind = 'none' | 'do' | 'shift' | 'knockout' | 'knockdown';

/** One experiment on a system of d variables. */
export interface Intervention {
  readonly kind: InterventionKind;
  /** [d], 1 where the variable is a target. */
  readonly targets: Uint8Array;
  /** [d], do-value or shift per variable; ignored where `targets` is 0; absent for kinds without values. */
  readonly values?: Float32Array;
}
