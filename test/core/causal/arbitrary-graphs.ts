import fc from 'fast-check';
import { CausalGraph } from '../../../core/causal/graph.js';

/** Acyclic graphs over `minimum` to `maximum` variables: a random triangular matrix under a random labelling. */
export function acyclicGraphs(minimum = 1, maximum = 7): fc.Arbitrary<CausalGraph> {
  return fc.integer({ min: minimum, max: maximum }).chain((size) =>
    fc
      .tuple(permutations(size), fc.array(fc.boolean(), { minLength: size * size, maxLength: size * size }))
      .map(([names, entries]) => {
        const triangular = Uint8Array.from(entries, (edge, entry) =>
          edge && Math.floor(entry / size) < entry % size ? 1 : 0,
        );
        return new CausalGraph(size, triangular).relabelled(names);
      }),
  );
}

export function permutations(size: number): fc.Arbitrary<number[]> {
  const names = Array.from({ length: size }, (_, k) => k);
  return fc.shuffledSubarray(names, { minLength: size, maxLength: size });
}

/** Edge probabilities [d * d] with diagonal 0 and ties: multiples of 1/8. */
export function edgeProbabilities(size: number): fc.Arbitrary<Float64Array> {
  return fc
    .array(fc.integer({ min: 0, max: 8 }), { minLength: size * size, maxLength: size * size })
    .map((eighths) => Float64Array.from(eighths, (value, entry) => (entry % (size + 1) === 0 ? 0 : value / 8)));
}

/** A graph with edge probabilities of its size. */
export function scoredGraphs(
  minimum = 1,
  maximum = 7,
): fc.Arbitrary<{ graph: CausalGraph; edgeProbabilities: Float64Array }> {
  return acyclicGraphs(minimum, maximum).chain((graph) =>
    edgeProbabilities(graph.size).map((probabilities) => ({ graph, edgeProbabilities: probabilities })),
  );
}

/** `matrix` [d * d] with variable i renamed to newNames[i]. */
export function relabelledMatrix(matrix: Float64Array, newNames: readonly number[]): Float64Array {
  const size = newNames.length;
  const renamed = new Float64Array(matrix.length);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) renamed[newNames[i]! * size + newNames[j]!] = matrix[i * size + j]!;
  }
  return renamed;
}
