import { CausalGraph } from '../../../core/causal/graph.js';
import type { RandomStream } from '../../../core/random/stream.js';
import { DagRegressionPosterior, type NoiseModel } from '../../../models/civ/dag-regression-posterior.js';

/** A random DAG with edges from smaller to larger index, random weights, and noise variances in [0.5, 1.5]. */
export interface TestSystem {
  readonly graph: CausalGraph;
  readonly weights: Float64Array;
  readonly variances: Float64Array;
  readonly goalMean: Float64Array;
}

export function randomSystem(stream: RandomStream, size: number, density = 0.7): TestSystem {
  const adjacency = new Uint8Array(size * size);
  const weights = new Float64Array(size * size);
  for (let k = 0; k < size; k++)
    for (let i = k + 1; i < size; i++)
      if (stream.bernoulli(density)) {
        adjacency[k * size + i] = 1;
        weights[i * size + k] = stream.normal() / 2;
      }
  return {
    graph: new CausalGraph(size, adjacency),
    weights,
    variances: stream.fillUniform(new Float64Array(size), 0.5, 1.5),
    goalMean: stream.fillNormal(new Float64Array(size)),
  };
}

/** `rows` samples [rows, p] of x = Bx + a + eps. */
export function measure(
  system: TestSystem,
  shift: Float64Array,
  options: { rows: number; stream: RandomStream },
): Float64Array {
  const p = shift.length;
  const samples = new Float64Array(options.rows * p);
  for (let row = 0; row < options.rows; row++)
    for (const i of system.graph.topologicalOrder) {
      let value = shift[i]! + Math.sqrt(system.variances[i]!) * options.stream.normal();
      for (const k of system.graph.parents(i)) value += system.weights[i * p + k]! * samples[row * p + k]!;
      samples[row * p + i] = value;
    }
  return samples;
}

export function randomDirection(stream: RandomStream, size: number): Float64Array {
  const normals = stream.fillNormal(new Float64Array(size));
  const length = Math.hypot(...normals);
  return normals.map((entry) => entry / length);
}

/** A posterior after `steps` random experiments of one row each. */
export function posteriorAfter(
  system: TestSystem,
  options: { steps: number; stream: RandomStream; noise?: NoiseModel },
): DagRegressionPosterior {
  const { steps, stream, noise = { kind: 'known', variances: system.variances } } = options;
  const posterior = new DagRegressionPosterior({ graph: system.graph, noise });
  for (let step = 0; step < steps; step++) {
    const shift = randomDirection(stream, system.graph.size);
    posterior.update(measure(system, shift, { rows: 1, stream }), shift);
  }
  return posterior;
}
