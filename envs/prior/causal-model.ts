import type { CausalGraph } from '../../core/causal/graph.js';
import type { Intervention, InterventionKind } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';

/** One causal system with hidden parameters (A, theta): it can be measured under any intervention it supports. */
export interface CausalModel {
  /** Number of variables d. */
  readonly size: number;
  readonly graph: CausalGraph;
  /** Kinds besides `none` that `sample` accepts. */
  readonly interventionKinds: readonly InterventionKind[];
  /** `rows` independent samples under `intervention`: [rows, d] row-major. */
  sample(intervention: Intervention, rows: number, stream: RandomStream): Float32Array;
}

/** The distribution p(A, theta) that systems are drawn from. */
export interface CausalModelPrior {
  readonly size: number;
  sample(stream: RandomStream): CausalModel;
}
