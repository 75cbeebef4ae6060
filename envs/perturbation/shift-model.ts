import type { CausalGraph } from '../../core/causal/graph.js';
import type { RandomStream } from '../../core/random/stream.js';
import { sampleGraph } from '../prior/graph-priors.js';
import type { PerturbationScreenConfig } from './config.js';

/** Size of linear weights: uniform between these, of either sign. */
const [SMALLEST_WEIGHT, LARGEST_WEIGHT] = [0.3, 0.8];
const HIDDEN_UNITS = 10;

/** A random network of a few inputs: sum_h v_h tanh(w_h' x + b_h). */
interface Hidden {
  /** [units, parents] */
  readonly inputs: Float64Array;
  readonly biases: Float64Array;
  readonly outputs: Float64Array;
}

/**
 * x_j = f_j(parents) + shift_j + noise of standard deviation `scales[j]`, f_j linear or linear plus a network. Means of the
 * undisturbed system need not be 0.
 *
 * Shapes: d variables.
 */
export class ShiftModel {
  private constructor(
    readonly graph: CausalGraph,
    /** [d, d], entry i * d + j is the weight of i in f_j. */
    readonly weights: Float64Array,
    readonly scales: Float64Array,
    readonly hidden: readonly (Hidden | undefined)[],
  ) {}

  static sample(config: PerturbationScreenConfig, stream: RandomStream): ShiftModel {
    const { variables: size, mechanisms } = config;
    const graph = sampleGraph(config.graph, size, stream.child('graph'));
    const parameters = stream.child('mechanisms');
    const share = mechanisms === 'linear' ? 1 : 0.5;
    const weights = Float64Array.from(graph.adjacency, (edge) => edge * share * signedUniform(parameters));
    const hidden = Array.from({ length: size }, (_, child) =>
      mechanisms === 'linear' ? undefined : sampleHidden(graph.parents(child).length, parameters),
    );
    return new ShiftModel(graph, weights, new Float64Array(size).fill(1), hidden);
  }

  get size(): number {
    return this.graph.size;
  }

  /** Standard noise [rows, d] becomes rows under `shift` [d], in place. */
  propagate(values: Float64Array, shift: ArrayLike<number>): Float64Array {
    const { size, graph, scales, weights } = this;
    for (const variable of graph.topologicalOrder) {
      const parents = graph.parents(variable);
      const inputs = new Float64Array(parents.length);
      for (let offset = 0; offset < values.length; offset += size) {
        let value = shift[variable]! + scales[variable]! * values[offset + variable]!;
        parents.forEach((parent, position) => {
          inputs[position] = values[offset + parent]!;
          value += weights[parent * size + variable]! * inputs[position]!;
        });
        values[offset + variable] = value + evaluate(this.hidden[variable], inputs);
      }
    }
    return values;
  }

  /** [rows, d] */
  sample(shift: ArrayLike<number>, rows: number, stream: RandomStream): Float64Array {
    return this.propagate(stream.fillNormal(new Float64Array(rows * this.size)), shift);
  }
}

function signedUniform(stream: RandomStream): number {
  return stream.sign() * (SMALLEST_WEIGHT + (LARGEST_WEIGHT - SMALLEST_WEIGHT) * stream.uniform());
}

function sampleHidden(parents: number, stream: RandomStream): Hidden | undefined {
  if (parents === 0) return undefined;
  return {
    inputs: stream.fillNormal(new Float64Array(HIDDEN_UNITS * parents), 0, 1 / Math.sqrt(parents)),
    biases: stream.fillNormal(new Float64Array(HIDDEN_UNITS)),
    outputs: stream.fillNormal(new Float64Array(HIDDEN_UNITS), 0, 2 / Math.sqrt(HIDDEN_UNITS)),
  };
}

function evaluate(hidden: Hidden | undefined, inputs: Float64Array): number {
  if (hidden === undefined) return 0;
  let sum = 0;
  hidden.biases.forEach((bias, unit) => {
    let angle = bias;
    for (let i = 0; i < inputs.length; i++) angle += hidden.inputs[unit * inputs.length + i]! * inputs[i]!;
    sum += hidden.outputs[unit]! * Math.tanh(angle);
  });
  return sum;
}
