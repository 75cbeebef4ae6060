import { checkResolution } from '../../../core/causal/check-resolution.js';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import type { History } from '../../../core/causal/history.js';
import { CausalPilotError } from '../../../core/errors.js';
import {
  type ExactPosteriorKernel,
  type MechanismRows,
  nativeExactPosteriorKernel,
  type SinkStatistics,
} from '../../../core/native/ops/exact-posterior.js';
import { checkCentred, checkUnits } from './check-units.js';
import { type ExactPriorConfig, exactPriorNumbers, logOrderConstant } from './exact-prior.js';
import { mechanismRows } from './mechanism-rows.js';
import { referenceExactPosteriorKernel } from './reference-kernel.js';

// Shapes: K histories, d variables.

export interface ExactGraphPosteriorOptions {
  /**
   * @defaultValue the native kernel where it is built, else the one in TypeScript
   * @internal
   */
  readonly kernel?: ExactPosteriorKernel;
  /**
   * Why the prior does not describe the systems at hand, if it does not; kept, for those who name the result. Targets of
   * kinds whose effect is not known are then passed over instead of refused.
   */
  readonly misspecification?: string;
}

/**
 * The posterior over graphs of linear Gaussian systems by a sum over all causal orders and parent sets: the best that any
 * posterior can do where its prior is the one that systems are drawn from.
 */
export class ExactGraphPosterior implements GraphPosterior {
  readonly prior: ExactPriorConfig;
  /** @internal */
  readonly kernel: ExactPosteriorKernel;
  readonly misspecification: string | undefined;

  private constructor(prior: ExactPriorConfig, kernel: ExactPosteriorKernel, misspecification: string | undefined) {
    this.prior = prior;
    this.kernel = kernel;
    this.misspecification = misspecification;
  }

  static async create(
    prior: ExactPriorConfig,
    { kernel, misspecification }: ExactGraphPosteriorOptions = {},
  ): Promise<ExactGraphPosterior> {
    const used = kernel ?? nativeExactPosteriorKernel() ?? referenceExactPosteriorKernel;
    return new ExactGraphPosterior(prior, used, misspecification);
  }

  /** The same reader with another prior. */
  withPrior(prior: ExactPriorConfig): ExactGraphPosterior {
    return new ExactGraphPosterior(prior, this.kernel, this.misspecification);
  }

  /** What results are called: the prior, a bound on parents, and what does not fit. */
  get name(): string {
    const { kind, maximumParents } = this.prior;
    const bound = maximumParents === undefined ? '' : `, at most ${maximumParents} parents`;
    const misfit = this.misspecification === undefined ? '' : `, misspecified: ${this.misspecification}`;
    return `${kind === 'environment' ? 'exact' : 'scale-free'}${bound}${misfit}`;
  }

  /** @throws CausalPilotError E_INPUT for too many variables, or kinds of experiments whose effect is not known. */
  edgeProbabilities(histories: readonly History[]): Float32Array {
    return Float32Array.from(this.evaluate(this.statistics(histories)).edgeProbabilities);
  }

  /** Log evidence [K] of each history's rows, all constants included. */
  logEvidence(histories: readonly History[]): Float64Array {
    const statistics = this.statistics(histories);
    const constant = logOrderConstant(this.prior, statistics.size);
    return this.evaluate(statistics).logEvidence.map((value) => value + constant);
  }

  /**
   * Edge probabilities [K, d, d] and log evidences [K], up to a constant, of sufficient statistics.
   *
   * @param trusted - leaves out the check of units, which takes as long: for rows of systems that the prior drew
   * @throws CausalPilotError E_INPUT for rows in other units than those of the environment's prior.
   * @internal
   */
  evaluate(statistics: SinkStatistics, { trusted = false } = {}): ReturnType<ExactPosteriorKernel['posterior']> {
    const numbers = exactPriorNumbers(this.prior, statistics.size);
    if (!trusted && this.prior.kind === 'environment' && this.misspecification === undefined)
      checkUnits(statistics, { shape: this.prior.varianceShape, scale: this.prior.varianceScale });
    return this.kernel.posterior(statistics, numbers);
  }

  /**
   * Sufficient statistics of histories of equal size.
   *
   * @internal
   */
  statistics(histories: readonly History[]): SinkStatistics {
    const size = histories[0]?.size ?? 0;
    const imperfect = this.misspecification !== undefined;
    if (this.prior.intercept === 'free') checkResolution('exact posterior', histories);
    else if (!imperfect) checkCentred(histories);
    return this.statisticsOf(
      histories.map((history, k) => {
        if (history.size !== size)
          throw new CausalPilotError(
            'E_SHAPE',
            `exact posterior: history ${k} has ${history.size} variables where the first has ${size}; batch systems of equal size`,
          );
        return mechanismRows(history, { imperfect });
      }),
    );
  }

  /** @internal */
  statisticsOf(histories: readonly MechanismRows[]): SinkStatistics {
    const size = histories[0]?.size ?? 0;
    const grams = new Float64Array(histories.length * size ** 3);
    const rowCounts = new Float64Array(histories.length * size);
    histories.forEach((rows, k) => {
      const own = this.kernel.sinkGrams(rows, this.prior.intercept === 'free');
      grams.set(own.grams, k * size ** 3);
      rowCounts.set(own.rowCounts, k * size);
    });
    return { count: histories.length, size, grams, rowCounts };
  }

  /**
   * Statistics of one history after each of K outcomes of a next experiment, without going through its rows again.
   *
   * @throws CausalPilotError E_INPUT for a free intercept, under which rows do not simply add up.
   * @internal
   */
  extended({ size, grams, rowCounts }: SinkStatistics, outcomes: readonly MechanismRows[]): SinkStatistics {
    if (this.prior.intercept === 'free')
      throw new CausalPilotError(
        'E_INPUT',
        "exact posterior: rows cannot be added under a free intercept; take 'intercept: zero' with centred data",
      );
    const added = this.statisticsOf(outcomes);
    return {
      count: outcomes.length,
      size,
      grams: added.grams.map((gram, at) => gram + grams[at % grams.length]!),
      rowCounts: added.rowCounts.map((rows, at) => rows + rowCounts[at % rowCounts.length]!),
    };
  }
}
