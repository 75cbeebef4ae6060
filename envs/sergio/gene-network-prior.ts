import { sampleBeta } from '../../core/random/distributions.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { sampleGraph } from '../prior/graph-priors.js';
import type { SergioConfig } from './config.js';
import { GeneNetwork } from './gene-network.js';
import { uniformIn } from './network-table.js';
import { SergioModel } from './sergio-model.js';

/**
 * p(A, theta) for gene networks: graph prior; strengths uniform in size, with the sign of each regulator's edges
 * Bernoulli(p_k), p_k ~ Beta; basal rates per cell type and decays uniform.
 */
export class GeneNetworkPrior implements CausalModelPrior {
  readonly size: number;

  constructor(readonly config: SergioConfig) {
    this.size = config.variables;
  }

  sample(stream: RandomStream): SergioModel {
    return new SergioModel(sampleGeneNetwork(this.config, stream), this.config);
  }
}

/** One network of `config.variables` genes. */
export function sampleGeneNetwork(config: SergioConfig, stream: RandomStream): GeneNetwork {
  const { variables: size, cellTypes, strengths: magnitudes, basalRates: rates, decays } = config;
  const graph = sampleGraph(config.graph, size, stream);
  const strengths = new Float32Array(size * size);
  for (let regulator = 0; regulator < size; regulator++) {
    const activating = sampleBeta(stream, config.activation.alpha, config.activation.beta);
    for (let target = 0; target < size; target++) {
      if (!graph.hasEdge(regulator, target)) continue;
      const sign = stream.bernoulli(activating) ? 1 : -1;
      strengths[regulator * size + target] = sign * uniformIn(magnitudes, stream);
    }
  }
  return new GeneNetwork({
    graph,
    strengths,
    basalRates: Float32Array.from({ length: size * cellTypes }, () => uniformIn(rates, stream)),
    decays: Float32Array.from({ length: size }, () => uniformIn(decays, stream)),
    hillCoefficient: config.hillCoefficient,
    noiseAmplitude: config.noiseAmplitude,
    noiseKind: config.noiseKind,
  });
}
