/** Entropy of a yes-or-no question whose answer is yes with probability p, nats; 0 where the answer is known. */
export function bernoulliEntropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log1p(-p);
}

/**
 * What is unknown about each variable, [d], nats: the entropies of all 2 (d - 1) edges that may lead to or from it, under
 * independent edge probabilities [d * d].
 */
export function variableUncertainty(edgeProbabilities: ArrayLike<number>, size: number): Float64Array {
  const uncertainty = new Float64Array(size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      if (i === j) continue;
      const entropy = bernoulliEntropy(edgeProbabilities[i * size + j]!);
      uncertainty[i]! += entropy;
      uncertainty[j]! += entropy;
    }
  return uncertainty;
}
