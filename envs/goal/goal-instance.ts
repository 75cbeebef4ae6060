import * as z from 'zod';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { LinearScm } from '../linear-scm/linear-scm.js';
import { DagConfig, sampleDag } from '../prior/graph-families.js';

// Shapes: p variables. coefficients[k * p + i] is the effect of k on i, as everywhere in envs/linear-scm.

export const GoalInstanceConfig = z.strictObject({
  variables: z.number().int().min(1).default(30).describe('p'),
  graph: DagConfig.prefault({ kind: 'complete' }),
  targets: z.number().int().min(1).default(10).describe('variables that the optimal shift moves'),
  placement: z
    .enum(['random', 'upstream', 'downstream'])
    .default('random')
    .describe('where the targets are: anywhere, or the first or last ones in causal order'),
});
export type GoalInstanceConfig = z.infer<typeof GoalInstanceConfig>;

/** A system with a mean to be reached and the shift that reaches it. */
export interface GoalInstance {
  readonly model: LinearScm;
  /** a* [p], of length 1. */
  readonly optimalShift: Float64Array;
  /** mu* = (I - B)^-1 a* [p]. */
  readonly goalMean: Float64Array;
}

const WEAKEST = 0.25;

/**
 * Synthetic instance of Zhang et al. 2023 (Implementations): weights uniform on [-1, -0.25] u [0.25, 1], unit noise, then
 * every variable divided by its standard deviation; a* with magnitudes uniform on [0.25, 1], random signs and length 1.
 *
 * @throws CausalPilotError E_CONFIG when there are more targets than variables.
 */
export function sampleGoalInstance(config: GoalInstanceConfig, stream: RandomStream): GoalInstance {
  const { variables, targets } = config;
  if (targets > variables)
    throw new CausalPilotError(
      'E_CONFIG',
      `targets: ${targets} targets need as many variables, there are ${variables}`,
    );
  const model = sampleStandardizedModel(config, stream);
  const optimalShift = new Float64Array(variables);
  const random = stream.child('optimum');
  for (const target of targetVariables(config, model, random)) optimalShift[target] = signedMagnitude(random);
  const length = Math.hypot(...optimalShift);
  for (let i = 0; i < variables; i++) optimalShift[i]! /= length;
  return { model, optimalShift, goalMean: meanUnderShift(model, optimalShift) };
}

function sampleStandardizedModel(config: GoalInstanceConfig, stream: RandomStream): LinearScm {
  const size = config.variables;
  const graph = sampleDag(config.graph, size, stream.child('graph'));
  const random = stream.child('weights');
  const coefficients = Float64Array.from(graph.adjacency, (edge) => (edge === 1 ? signedMagnitude(random) : 0));
  const scales = new Float64Array(size).fill(1);
  const raw = new LinearScm({ graph, coefficients, noise: { kind: 'gaussian', scales } });
  const covariance = raw.interventionalCovariance({ kind: 'none', targets: new Uint8Array(size) });
  const deviations = scales.map((_, i) => Math.sqrt(covariance[i * size + i]!));
  return new LinearScm({
    graph,
    coefficients: coefficients.map(
      (weight, entry) => (weight * deviations[Math.floor(entry / size)]!) / deviations[entry % size]!,
    ),
    noise: { kind: 'gaussian', scales: deviations.map((deviation) => 1 / deviation) },
  });
}

function targetVariables(config: GoalInstanceConfig, model: LinearScm, stream: RandomStream): Int32Array {
  const { variables, targets, placement } = config;
  const order = model.graph.topologicalOrder;
  if (placement === 'random') return stream.choose(variables, targets);
  return placement === 'upstream' ? order.slice(0, targets) : order.slice(-targets);
}

function signedMagnitude(stream: RandomStream): number {
  return stream.sign() * (WEAKEST + (1 - WEAKEST) * stream.uniform());
}

/** (I - B)^-1 shift [p] in full precision, along the causal order. */
export function meanUnderShift(model: LinearScm, shift: ArrayLike<number>): Float64Array {
  const { size, coefficients, graph } = model;
  const mean = new Float64Array(size);
  for (const variable of graph.topologicalOrder) {
    let total = shift[variable]!;
    for (let parent = 0; parent < size; parent++) total += coefficients[parent * size + variable]! * mean[parent]!;
    mean[variable] = total;
  }
  return mean;
}
