import type { RandomStream } from '../../core/random/stream.js';
import type { ActionValueConfig } from '../config/action-value-config.js';
import { learningRateAt } from '../config/schedules.js';
import { meanOf } from '../loop/mean.js';
import type { TriedState } from './collect.js';
import type { ActionValueLearner } from './learner.js';

/** What the gradient steps of one iteration came to. */
export interface Learned {
  /** Mean squared error on states before the network has learned from them. */
  readonly loss: number;
  /** Mean gradient norm before clipping. */
  readonly gradientNorm: number;
  /** That of the last step. */
  readonly learningRate: number;
  readonly gradientSteps: number;
}

/** The gradient steps of iteration `index`: all states in batches, in an order of its own in every pass. */
export function learnFrom(
  states: readonly TriedState[],
  {
    learner,
    options,
    index,
    stream,
  }: {
    readonly learner: ActionValueLearner;
    readonly options: ActionValueConfig;
    readonly index: number;
    readonly stream: RandomStream;
  },
): Learned {
  const { batchSize, passes, iterations } = options;
  const gradientSteps = passes * Math.ceil(states.length / batchSize);
  const losses: number[] = [];
  const norms: number[] = [];
  let step = index * gradientSteps;
  let learningRate = 0;
  for (let pass = 0; pass < passes; pass++) {
    const order = stream.child('order', pass).permutation(states.length);
    for (let start = 0; start < order.length; start += batchSize) {
      const batch = Array.from(order.subarray(start, start + batchSize), (at) => states[at]!);
      learningRate = learningRateAt(options.learningRate, step, iterations * gradientSteps);
      const dropoutSeed = stream.child('dropout', pass, start).integer(2 ** 32);
      const { loss, gradientNorm } = learner.step(step, batch, { learningRate, dropoutSeed });
      if (pass === 0) losses.push(loss);
      norms.push(gradientNorm);
      step++;
    }
  }
  return { loss: meanOf(losses), gradientNorm: meanOf(norms), learningRate, gradientSteps };
}
