// What a user who has the package writes to train on systems of their own.
import { CausalGraph, DesignEnv } from 'causal-pilot';

/** A cause, what it drives and what that drives in turn: three variables in a random order. */
class Chain {
  size = 3;
  interventionKinds = ['do'];

  constructor(order) {
    this.order = order;
    this.graph = CausalGraph.fromEdges(3, [
      [order[0], order[1]],
      [order[1], order[2]],
    ]);
  }

  sample({ targets, values }, rows, stream) {
    const measured = new Float32Array(rows * 3);
    for (let row = 0; row < rows; row++) {
      let cause = 0;
      for (const variable of this.order) {
        // Drawn for targets too, so that a stream gives the others the same noise under every intervention.
        const noise = 0.5 * stream.normal();
        cause = targets[variable] === 1 ? values[variable] : 2 * Math.tanh(cause) + noise;
        measured[row * 3 + variable] = cause;
      }
    }
    return measured;
  }
}

export const makePrior = () => ({ size: 3, sample: (stream) => new Chain(stream.permutation(3)) });

/** Every edge as likely as not: what is checked is the environment, not who reads it. */
const nothingKnown = {
  edgeProbabilities: (histories) =>
    Float32Array.from({ length: histories.length * 9 }, (_, i) => ((i % 9) % 4 ? 0.5 : 0)),
};

export default () => new DesignEnv({ prior: makePrior(), posterior: nothingKnown, initialRows: 4, budget: 2 });
