import { History } from '../core/causal/history.js';
import { intervene, observe } from '../core/causal/intervention.js';
import { loadFunctions } from '../core/native/device/bindings.js';
import type { SinkStatistics } from '../core/native/ops/exact-posterior.js';
import { nativeExactPosteriorKernel } from '../core/native/ops/exact-posterior.js';
import { RandomStream } from '../core/random/stream.js';
import { LinearScmConfig } from '../envs/linear-scm/config.js';
import { LinearScmPrior } from '../envs/linear-scm/linear-scm-prior.js';
import { ExactGraphPosterior } from '../models/posterior/exact/exact-graph-posterior.js';
import { type ExactPriorConfig, MOST_VARIABLES_UNBOUNDED } from '../models/posterior/exact/exact-prior.js';
import { referenceExactPosteriorKernel } from '../models/posterior/exact/reference-kernel.js';
import type { Benchmark, Contender, Workload } from './benchmark.js';
import { startClock } from './clock.js';

/** Variables, histories of one run, and the histories that the reference is given, none where it takes too long. */
const SIZES = [
  { size: 5, histories: 512, reference: 8 },
  { size: 8, histories: 64, reference: 0 },
  { size: 10, histories: 16, reference: 0 },
  { size: 12, histories: 4, reference: 0 },
  { size: 14, histories: 1, reference: 0 },
  { size: 15, histories: 1, reference: 0 },
  { size: 20, histories: 1, reference: 0 },
];

/** Five rows for every variable and an experiment on two of them for each. */
function histories(size: number, count: number): History[] {
  const prior = new LinearScmPrior(
    LinearScmConfig.parse({ kind: 'linear-scm', variables: size, graph: { degree: 1 } }),
  );
  return Array.from({ length: count }, (_, k) => {
    const stream = new RandomStream(`bench/exact/${size}/${k}`);
    const model = prior.sample(stream);
    const history = new History(size);
    history.append(model.sample(observe(size), 5 * size, stream.child('rows')), observe(size));
    for (let t = 0; t < size; t++) {
      const targets = new Uint8Array(size);
      for (const target of stream.choose(size, Math.min(2, size))) targets[target] = 1;
      const intervention = intervene('do', targets, new Float32Array(size).fill(1));
      history.append(model.sample(intervention, 1, stream.child('experiment', t)), intervention);
    }
    return history;
  });
}

/** Seconds of `count` histories, stated for one. */
function contender(name: string, posterior: ExactGraphPosterior, data: SinkStatistics, share: number): Contender {
  return {
    name,
    run: () => {
      const stop = startClock();
      posterior.evaluate(data);
      const { wallSeconds, cpuSeconds } = stop();
      return { wallSeconds: wallSeconds * share, cpuSeconds: cpuSeconds * share };
    },
  };
}

export const benchmark: Benchmark = {
  description: 'exact posteriors over graphs: both priors, 5 to 20 variables (from 15 on at most 4 parents), threads',
  async workloads({ threads }) {
    const kernel = nativeExactPosteriorKernel();
    if (kernel === undefined)
      return [{ label: 'Exact posterior', contenders: [{ name: 'native', absent: 'not built' }] }];
    const { cp_set_threads } = await loadFunctions();
    const onThreads = (count: number, own: Contender): Contender =>
      'run' in own
        ? {
            ...own,
            run: () => {
              cp_set_threads(count);
              return own.run();
            },
          }
        : own;
    const workloads: Workload[] = [];
    for (const { size, histories: count, reference } of SIZES) {
      const common = {
        edgeProbability: Math.min(2 / (size - 1), 0.99),
        intercept: 'zero' as const,
        maximumParents: size > MOST_VARIABLES_UNBOUNDED ? 4 : undefined,
      };
      const own: ExactPriorConfig = { kind: 'environment', ...common, varianceShape: 10, varianceScale: 1 };
      const exact = await ExactGraphPosterior.create(own, { kernel });
      const scaleFree = await ExactGraphPosterior.create({ kind: 'scale-free', ...common, g: 20 }, { kernel });
      const data = exact.statistics(histories(size, count));
      const contenders = [
        onThreads(1, contender('native, one thread', exact, data, 1)),
        onThreads(threads, contender(`native, ${threads} threads`, exact, data, 1)),
        onThreads(1, contender('scale-free, one thread', scaleFree, data, 1)),
      ];
      if (reference > 0) {
        const twin = await ExactGraphPosterior.create(own, { kernel: referenceExactPosteriorKernel });
        const few = twin.statistics(histories(size, reference));
        contenders.push(contender('TypeScript reference', twin, few, count / reference));
      }
      workloads.push({
        label: `Exact posterior, d = ${size}, ${6 * size} rows${common.maximumParents === undefined ? '' : ', at most 4 parents'}`,
        contenders,
        per: { count, unit: 'posterior' },
      });
    }
    return workloads;
  },
};
