import { interveneWhereNonZero } from '../core/causal/intervention.js';
import { RandomStream } from '../core/random/stream.js';
import { GoalInstanceConfig, sampleGoalInstance } from '../envs/goal/goal-instance.js';
import { DagRegressionPosterior } from '../models/civ/dag-regression-posterior.js';
import { UNIT_BALL } from '../models/civ/feasible-set.js';
import { IntegratedVariance } from '../models/civ/integrated-variance.js';
import {
  minimiseAcquisition,
  PUBLISHED_SEARCH,
  type SearchEffort,
  THOROUGH_SEARCH,
} from '../models/civ/minimise-acquisition.js';
import { randomShift } from '../models/civ/propose-shift.js';
import type { Absent, Benchmark, Contender, Workload } from './benchmark.js';
import { type Elapsed, startClock } from './clock.js';
import { loadNlopt, type Nlopt, numericSlsqp } from './nlopt.js';
import { missingPythonModule, PythonPeer } from './python-peer.js';

// Shapes: p variables of a complete graph, the hardest one: variable i has i parents.

const SIZE = 30;
const GROWTH = [10, 50, 100, 200];
/** SLSQP beyond this size takes minutes. */
const LARGEST_SLSQP = 50;
/** Posteriors as a study meets them: after this many random experiments. */
const EXPERIMENTS = [5, 15, 30];
/** How much worse than SLSQP's minimum ours may be. */
const TOLERANCE = 1e-4;

interface Step {
  readonly posterior: DagRegressionPosterior;
  readonly goalMean: Float64Array;
  readonly starts: readonly [Float64Array, Float64Array];
}

function drawSteps(size: number): Step[] {
  return EXPERIMENTS.map((experiments) => {
    const stream = new RandomStream(`bench/civ/${size}/${experiments}`);
    const config = GoalInstanceConfig.parse({ variables: size, targets: Math.ceil(size / 3) });
    const { model, goalMean } = sampleGoalInstance(config, stream);
    if (model.noise.kind === 'heteroskedastic') throw new Error('noise of constant variance expected');
    const variances = model.noise.scales.map((scale) => scale * scale);
    const posterior = new DagRegressionPosterior({ graph: model.graph, noise: { kind: 'known', variances } });
    for (let step = 0; step < experiments; step++) {
      const shift = randomShift(UNIT_BALL, size, stream.child('shift', step));
      posterior.update(model.sample(interveneWhereNonZero('shift', shift), 1, stream.child('noise', step)), shift);
    }
    const estimate = posterior.estimatedShift(goalMean);
    const length = Math.hypot(...estimate);
    const start = randomShift(UNIT_BALL, size, stream.child('start'));
    return { posterior, goalMean, starts: [start, estimate.map((entry) => entry / length)] };
  });
}

function criterion({ posterior, goalMean }: Step): IntegratedVariance {
  return new IntegratedVariance({ posterior, goalMean, rows: 1, feasible: UNIT_BALL });
}

function minimum(step: Step, effort: SearchEffort): number {
  return minimiseAcquisition(criterion(step), { feasible: UNIT_BALL, starts: step.starts, effort }).value;
}

function ours(name: string, steps: readonly Step[], effort: SearchEffort): Contender {
  return {
    name,
    run: async () => {
      const elapsed = startClock();
      for (const step of steps) minimum(step, effort);
      return elapsed();
    },
  };
}

/** SLSQP on our evaluation of the criterion; it must not find anything better than we do. */
function slsqp(nlopt: Nlopt, steps: readonly Step[]): Contender {
  return {
    name: 'nlopt SLSQP, numeric gradient',
    run: async () => {
      const elapsed = startClock();
      const found = steps.map((step) => {
        const acquisition = criterion(step);
        return Math.min(...step.starts.map((start) => numericSlsqp(nlopt, (a) => acquisition.value(a), start)));
      });
      const time = elapsed();
      checkMinima(steps, found);
      return time;
    },
  };
}

function checkMinima(steps: readonly Step[], found: readonly number[]): void {
  for (const [index, step] of steps.entries()) {
    const own = minimum(step, THOROUGH_SEARCH);
    if (own > found[index]! * (1 + TOLERANCE))
      throw new Error(`SLSQP found ${found[index]} where our search stopped at ${own}`);
  }
}

/** The same steps in scipy, the criterion evaluated by its definition in numpy. */
function scipy(steps: readonly Step[]): Contender | Absent {
  const name = 'scipy SLSQP, numeric gradient';
  const absent = missingPythonModule('scipy');
  if (absent !== undefined) return { name, absent };
  const peer = new PythonPeer('civ_scipy.py');
  const request = {
    steps: steps.map(({ posterior, goalMean, starts }) => ({
      goalMean: [...goalMean],
      weights: [...posterior.expectedWeights()],
      estimate: [...posterior.estimatedShift(goalMean)],
      noise: posterior.nodes.map((_, i) => posterior.noiseVariance(i)),
      nodes: posterior.nodes.map(({ parents, covariance }) => ({ parents: [...parents], covariance: [...covariance] })),
      starts: starts.map((start) => [...start]),
    })),
  };
  return {
    name,
    run: async () => {
      const { values, ...time } = await peer.ask<Elapsed & { values: number[] }>(request);
      checkMinima(steps, values);
      return time;
    },
    dispose: () => peer.close(),
  };
}

function growthWorkload(nlopt: Nlopt, size: number): Workload {
  const steps = drawSteps(size);
  const contenders = [ours('ours, to the minimum', steps, THOROUGH_SEARCH)];
  if (size <= LARGEST_SLSQP) contenders.push(slsqp(nlopt, steps));
  return { label: `CIV step, complete graph, p = ${size}`, contenders, per: { count: steps.length, unit: 'step' } };
}

export const benchmark: Benchmark = {
  description:
    'one CIV step (two starts) on complete graphs, against SLSQP with numeric gradients; growth with p to 200',
  async workloads() {
    const nlopt = await loadNlopt();
    const steps = drawSteps(SIZE);
    const main: Workload = {
      label: `CIV step, complete graph, p = ${SIZE}`,
      contenders: [
        ours('ours, to the minimum', steps, THOROUGH_SEARCH),
        ours('ours, stopping as published', steps, PUBLISHED_SEARCH),
        slsqp(nlopt, steps),
        scipy(steps),
      ],
      per: { count: steps.length, unit: 'step' },
    };
    return [main, ...GROWTH.map((size) => growthWorkload(nlopt, size))];
  },
};
