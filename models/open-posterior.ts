import type { GraphPosterior } from '../core/causal/graph-posterior.js';
import { readCheckpointManifest } from '../core/checkpoint/manifest.js';
import type { RunInput } from '../core/run/run-inputs.js';
import type { DesignEnvConfig } from '../envs/design/design-env-config.js';
import { loadGraphPosterior } from './checkpoints.js';
import { exactPosteriorFor } from './posterior/exact/environment-posterior.js';
import { isExactPosterior, parseExactName } from './posterior/posterior-sources.js';

/** A posterior and how to let go of it. */
export interface OpenPosterior {
  readonly posterior: GraphPosterior;
  /** What tables call it. */
  readonly name: string;
  dispose(): void;
}

/**
 * The posterior that `source` names for the systems of an environment: `exact`, `scale-free` (with `-misspecified` where
 * that is known to be so), or the folder of a checkpoint.
 *
 * @throws CausalPilotError E_CONFIG where an exact posterior would not be exact, E_CHECKPOINT for a folder without a usable
 * posterior.
 */
export async function openPosterior(source: string, environment: DesignEnvConfig): Promise<OpenPosterior> {
  const exact = parseExactName(source);
  if (exact === undefined) {
    const posterior = await loadGraphPosterior(source);
    return { posterior, name: 'learned', dispose: () => posterior.dispose() };
  }
  const posterior = await exactPosteriorFor(exact.name, environment, exact);
  return { posterior, name: posterior.name, dispose: () => {} };
}

/** The posterior that `source` names as what a run is bound to: by the hash of a checkpoint, or the name of an exact one. */
export function posteriorInput(source: string): RunInput {
  return { source, identity: isExactPosterior(source) ? source : readCheckpointManifest(source).manifestSha256 };
}
