import type { CausalGraph } from '../core/causal/graph.js';
import type { GraphPosterior } from '../core/causal/graph-posterior.js';
import type { History } from '../core/causal/history.js';
import type { Intervention } from '../core/causal/intervention.js';
import type { SinkStatistics } from '../core/native/ops/exact-posterior.js';
import { concatenate } from '../core/tensor/concatenate.js';
import { potential, type RewardKind } from '../envs/design/reward.js';
import { ExactGraphPosterior } from './posterior/exact/exact-graph-posterior.js';
import { mechanismRows } from './posterior/exact/mechanism-rows.js';

// Shapes: K histories, S outcomes of each, r rows, d variables.

/** What one experiment would measure. */
export interface Outcome {
  readonly intervention: Intervention;
  /** [r, d] */
  readonly rows: Float32Array;
}

/** A history and what could come next in it. */
export interface TriedHistory {
  readonly history: History;
  /** [S], as many for every history. */
  readonly outcomes: readonly Outcome[];
}

/**
 * Edge probabilities [K, S, d, d] of every history after each of its outcomes, in one call of the posterior. An exact one
 * goes through the rows so far once for all outcomes of a history.
 */
export function probabilitiesAfter(posterior: GraphPosterior, tried: readonly TriedHistory[]): Float32Array {
  if (posterior instanceof ExactGraphPosterior && posterior.prior.intercept !== 'free')
    return Float32Array.from(
      posterior.evaluate(statisticsAfter(posterior, tried), { trusted: true }).edgeProbabilities,
    );
  return posterior.edgeProbabilities(
    tried.flatMap(({ history, outcomes }) => outcomes.map((outcome) => extended(history, outcome))),
  );
}

/** Phi [K, S] of every history after each of its outcomes; `graph` is the true one. */
export function potentialsAfter(
  posterior: GraphPosterior,
  reward: RewardKind,
  tried: readonly (TriedHistory & { readonly graph: CausalGraph })[],
): Float32Array {
  const probabilities = probabilitiesAfter(posterior, tried);
  const graphs = tried.flatMap(({ outcomes, graph }) => outcomes.map(() => graph));
  const entries = probabilities.length / Math.max(1, graphs.length);
  return Float32Array.from(graphs, (graph, at) =>
    potential(reward, probabilities.subarray(at * entries, (at + 1) * entries), graph),
  );
}

function extended(history: History, { rows, intervention }: Outcome): History {
  const after = history.prefix(history.rows);
  after.append(rows, intervention);
  return after;
}

function statisticsAfter(posterior: ExactGraphPosterior, tried: readonly TriedHistory[]): SinkStatistics {
  const imperfect = posterior.misspecification !== undefined;
  const parts = tried.map(({ history, outcomes }) =>
    posterior.extended(
      posterior.statistics([history]),
      outcomes.map((outcome) => mechanismRows(extended(history.prefix(0), outcome), { imperfect })),
    ),
  );
  return {
    count: parts.reduce((total, { count }) => total + count, 0),
    size: parts[0]?.size ?? 0,
    grams: concatenate(
      Float64Array,
      parts.map(({ grams }) => grams),
    ),
    rowCounts: concatenate(
      Float64Array,
      parts.map(({ rowCounts }) => rowCounts),
    ),
  };
}
