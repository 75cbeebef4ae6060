import type { InterventionKind } from '../../../core/causal/intervention.js';
import type { RunInputs } from '../../../core/run/run-inputs.js';
import type { Adaptivity } from './adaptivity.js';
import type { BehaviourRow } from './behaviour-summary.js';
import type { Play } from './recorder.js';

/** Everything that a study of behaviour found; files and figures are made from it. */
export interface BehaviourStudy {
  readonly environment: string;
  /** The policy and the graph posterior, by hash. */
  readonly inputs: RunInputs;
  /** Held-out systems that every strategy played. */
  readonly systems: number;
  /** Variables d. */
  readonly variables: number;
  /** Experiments T. */
  readonly experiments: number;
  readonly interventionKind: InterventionKind;
  readonly valueRange: number;
  /** The policy first. */
  readonly strategies: readonly string[];
  readonly rows: readonly BehaviourRow[];
  /** Of the policy, by round; empty for a deterministic one, whose choices are never open. */
  readonly adaptivity: readonly Adaptivity[];
  readonly examples: readonly BehaviourExample[];
}

/** One system as every strategy played it. */
export interface BehaviourExample {
  readonly system: number;
  readonly plays: readonly { readonly strategy: string; readonly play: Play }[];
}
