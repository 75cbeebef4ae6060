import { expect, test } from 'vitest';
import { CausalGraph } from '../../../../core/causal/graph.js';
import { History } from '../../../../core/causal/history.js';
import { observe } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { LinearScmConfig } from '../../../../envs/linear-scm/config.js';
import { LinearScmPrior } from '../../../../envs/linear-scm/linear-scm-prior.js';
import { ExactPosteriorSampler } from '../../../../models/posterior/exact/draw-systems.js';
import { ExactGraphPosterior } from '../../../../models/posterior/exact/exact-graph-posterior.js';
import type { ExactPriorConfig } from '../../../../models/posterior/exact/exact-prior.js';
import { enumerate } from './enumeration.js';

const SIZE = 3;
const PRIOR: ExactPriorConfig & { kind: 'environment' } = {
  kind: 'environment',
  edgeProbability: 0.5,
  intercept: 'zero',
  varianceShape: 10,
  varianceScale: 1,
};
const config = LinearScmConfig.parse({ kind: 'linear-scm', variables: SIZE, graph: { degree: 0.5 } });

function exampleHistory(name: string, rows: number): History {
  const stream = new RandomStream(name);
  const model = new LinearScmPrior(config).sample(stream);
  const history = new History(SIZE);
  history.append(model.sample(observe(SIZE), rows, stream.child('rows')), observe(SIZE));
  return history;
}

test('graphs are drawn as often as enumeration says', async () => {
  const history = exampleHistory('draws', 6);
  const posterior = await ExactGraphPosterior.create(PRIOR);
  const sampler = new ExactPosteriorSampler(posterior, history);
  const draws = 4000;
  const counts = new Map<string, number>();
  for (let draw = 0; draw < draws; draw++) {
    const key = sampler.drawGraph(new RandomStream(`graph/${draw}`)).adjacency.join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const { byGraph } = enumerate(history, PRIOR);
  for (const [key, probability] of byGraph) {
    const graph = new CausalGraph(SIZE, Uint8Array.from(key, Number));
    expect(Math.exp(sampler.logProbability(graph))).toBeCloseTo(probability, 7);
    const deviation = Math.sqrt((probability * (1 - probability)) / draws);
    expect(Math.abs((counts.get(key) ?? 0) / draws - probability)).toBeLessThan(5 * deviation + 1e-9);
  }
});

test('the most probable graph has the highest weight of a graph with an order', async () => {
  const history = exampleHistory('most-probable', 15);
  const posterior = await ExactGraphPosterior.create(PRIOR);
  const graph = new ExactPosteriorSampler(posterior, history).mostProbableGraph();
  const { byGraph } = enumerate(history, PRIOR);
  const best = Math.max(...byGraph.values());
  // An order more or less is a factor of at most 3!.
  expect(byGraph.get(graph.adjacency.join(''))!).toBeGreaterThan(best / 6);
});

test('systems of the prior, seen through data and drawn back, have the parameters they had', async () => {
  // The data averaged posterior is the prior: draws given simulated data are distributed as the systems are.
  const posterior = await ExactGraphPosterior.create(PRIOR);
  const truth: number[] = [];
  const drawn: number[] = [];
  const effects = { truth: [] as number[], drawn: [] as number[] };
  for (let k = 0; k < 1500; k++) {
    const stream = new RandomStream(`pit/${k}`);
    const model = new LinearScmPrior(config).sample(stream.child('system'));
    const history = new History(SIZE);
    history.append(model.sample(observe(SIZE), 5, stream.child('rows')), observe(SIZE));
    const other = new ExactPosteriorSampler(posterior, history).drawSystem(stream.child('draw'));
    for (const [list, coefficients, system] of [
      [truth, effects.truth, model],
      [drawn, effects.drawn, other],
    ] as const) {
      if (system.noise.kind === 'heteroskedastic') throw new Error('Gaussian systems were asked for');
      list.push(...system.noise.scales.map((scale) => scale ** 2));
      coefficients.push(...system.coefficients.map((value) => value ** 2));
    }
  }
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  // Inverse gamma (10, 1): mean 1/9, deviation 0.04.
  expect(Math.abs(mean(truth) - mean(drawn))).toBeLessThan(0.004);
  expect(Math.abs(mean(effects.truth) - mean(effects.drawn))).toBeLessThan(0.04);
});

test('scale-free draws follow the units of the data', async () => {
  const posterior = await ExactGraphPosterior.create({
    kind: 'scale-free',
    edgeProbability: 0.5,
    intercept: 'zero',
    g: 20,
  });
  const history = exampleHistory('scale', 40);
  const large = new History(SIZE);
  large.append(
    history.values.map((value) => 1000 * value),
    observe(SIZE),
  );
  const [small, big] = [history, large].map((data) =>
    new ExactPosteriorSampler(posterior, data).drawSystem(new RandomStream('same')),
  );
  expect(big!.graph.adjacency).toEqual(small!.graph.adjacency);
  if (small!.noise.kind === 'heteroskedastic' || big!.noise.kind === 'heteroskedastic') throw new Error('Gaussian');
  const scales = small!.noise.scales;
  for (const [i, scale] of big!.noise.scales.entries()) expect(scale / scales[i]! / 1000).toBeCloseTo(1, 4);
  for (const [entry, value] of big!.coefficients.entries()) expect(value).toBeCloseTo(small!.coefficients[entry]!, 3);
});
