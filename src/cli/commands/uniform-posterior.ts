import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import type { History } from '../../../core/causal/history.js';

/** Every edge as likely as not, whatever the data. */
export class UniformPosterior implements GraphPosterior {
  edgeProbabilities(histories: readonly History[]): Float32Array {
    const size = histories[0]?.size ?? 0;
    const probabilities = new Float32Array(histories.length * size * size).fill(0.5);
    for (let position = 0; position < probabilities.length; position++) {
      const entry = position % (size * size);
      if (entry % (size + 1) === 0) probabilities[position] = 0;
    }
    return probabilities;
  }
}
