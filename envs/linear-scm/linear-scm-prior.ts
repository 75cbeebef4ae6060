import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { sampleGraph } from '../prior/graph-priors.js';
import type { LinearScmConfig } from './config.js';
import { LinearScm } from './linear-scm.js';
import { sampleNoise } from './noise.js';

/**
 * p(A, theta) for linear systems: graph prior, coefficients N(+-mean, 1 / in-degree of the child) so that marginal
 * variances stay near 1, and noise parameters.
 */
export class LinearScmPrior implements CausalModelPrior {
  readonly size: number;

  constructor(readonly config: LinearScmConfig) {
    this.size = config.variables;
  }

  sample(stream: RandomStream): LinearScm {
    const { size, config } = this;
    const graph = sampleGraph(config.graph, size, stream);
    const parentCounts = Array.from({ length: size }, (_, child) => graph.parents(child).length);
    const coefficients = new Float64Array(size * size);
    for (let entry = 0; entry < coefficients.length; entry++) {
      if (graph.adjacency[entry] === 0) continue;
      const mean = config.coefficients.mean === 0 ? 0 : stream.sign() * config.coefficients.mean;
      coefficients[entry] = mean + stream.normal() / Math.sqrt(parentCounts[entry % size]!);
    }
    return new LinearScm({ graph, coefficients, noise: sampleNoise(config.noise, parentCounts, stream) });
  }
}
