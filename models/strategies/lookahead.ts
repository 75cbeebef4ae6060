import { History } from '../../core/causal/history.js';
import { type Intervention, observe } from '../../core/causal/intervention.js';
import { countSignedSets, interveneBySigns, listSignedSets } from '../../core/causal/target-sets.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignContext, DesignStrategy } from '../design-strategy.js';
import { ExactPosteriorSampler } from '../posterior/exact/draw-systems.js';
import type { ExactGraphPosterior } from '../posterior/exact/exact-graph-posterior.js';
import { mechanismRows } from '../posterior/exact/mechanism-rows.js';

// Shapes: C candidates, d variables.

/** How hard a planner thinks. */
export interface LookaheadEffort {
  /** Posteriors that one decision may compute, shared among all candidates. */
  readonly evaluations: number;
  /** Targets of a candidate at most. */
  readonly mostTargets: number;
  /** Candidates at most; where there are more sets of targets, as many are drawn among them. */
  readonly candidates: number;
}

export interface LookaheadOptions extends LookaheadEffort {
  readonly name: string;
  /** The posterior that systems are drawn from and that judges what a row would tell, for systems of `size` variables. */
  readonly posteriorOf: (size: number) => ExactGraphPosterior;
  /** Rows that an experiment will measure. */
  readonly rowsPerExperiment: number;
}

/**
 * The experiment after which the posterior is expected to know most, one step ahead: systems are drawn from the posterior,
 * every candidate (a set of targets at full strength, or none) is tried on them with the same noise, and what counts is the
 * number of adjacency entries that the posterior after the row expects to have right. Halves the candidates until one is
 * left (sequential halving; Karnin, Koren and Somekh, ICML 2013): the closer two are, the more systems they are tried on.
 */
export function lookahead({ name, posteriorOf, rowsPerExperiment, ...effort }: LookaheadOptions): DesignStrategy {
  return {
    name,
    tasks: ['structure', 'goal'],
    knowledge: [],
    propose: (context) => {
      const { interventionKind, histories, streams } = context;
      if (interventionKind !== 'do' && interventionKind !== 'shift')
        throw new CausalPilotError(
          'E_INPUT',
          `${name}: plans interventions of kind 'do' and 'shift' on linear systems, not of kind '${interventionKind}'`,
        );
      return histories.map((history, system) => {
        const candidates = candidateExperiments(context, system, effort);
        const planner = new OneStepPlanner(posteriorOf(history.size), history, rowsPerExperiment);
        return planner.best(candidates, effort.evaluations, streams[system]!.child('plan'));
      });
    },
  };
}

/**
 * Observation and sets of allowed targets at full strength with every pattern of signs, of which a common turn is left out
 * since it tells the same; all of them where they are few enough.
 */
function candidateExperiments(context: DesignContext, system: number, effort: LookaheadEffort): Intervention[] {
  const { interventionKind, valueRange } = context;
  const { size } = context.histories[system]!;
  const stream = context.streams[system]!.child('candidates');
  const allowed = context.allowedTargets?.[system];
  const variables = Array.from({ length: size }, (_, i) => i).filter((i) => allowed === undefined || allowed[i] === 1);
  return [
    observe(size),
    ...signedSets(variables, effort, stream).map((signs) => {
      const own = new Int8Array(size);
      for (const [at, variable] of variables.entries()) own[variable] = signs[at]!;
      return interveneBySigns(interventionKind, own, valueRange);
    }),
  ];
}

/** Sets as `listSignedSets` has them, of the numbers of variables. */
function signedSets(variables: readonly number[], effort: LookaheadEffort, stream: RandomStream): Int8Array[] {
  const size = variables.length;
  if (size === 0) return [];
  const sizes = { least: 1, most: Math.min(effort.mostTargets, size) };
  if (countSignedSets(size, sizes, { signs: true }) <= effort.candidates) {
    const listed = listSignedSets(size, sizes, { signs: true });
    return Array.from({ length: listed.length / size }, (_, s) => listed.subarray(s * size, (s + 1) * size));
  }
  const drawn = new Map<string, Int8Array>();
  while (drawn.size < effort.candidates) {
    const set = new Int8Array(size);
    const members = stream.permutation(size).subarray(0, 1 + stream.integer(sizes.most));
    members.forEach((at) => {
      set[at] = stream.sign();
    });
    drawn.set(withFirstPositive(set).join(), withFirstPositive(set));
  }
  return [...drawn.values()];
}

function withFirstPositive(set: Int8Array): Int8Array {
  return set.find((sign) => sign !== 0) === -1 ? set.map((sign) => -sign) : set;
}

/** Tries experiments on systems drawn from the posterior of one history. */
class OneStepPlanner {
  readonly #posterior: ExactGraphPosterior;
  readonly #sampler: ExactPosteriorSampler;
  readonly #rows: number;

  constructor(posterior: ExactGraphPosterior, history: History, rows: number) {
    this.#posterior = posterior;
    this.#sampler = new ExactPosteriorSampler(posterior, history);
    this.#rows = rows;
  }

  best(candidates: readonly Intervention[], evaluations: number, stream: RandomStream): Intervention {
    const totals = new Float64Array(candidates.length);
    let left = Array.from({ length: candidates.length }, (_, c) => c);
    const rounds = Math.ceil(Math.log2(left.length));
    for (let round = 0; round < rounds; round++) {
      const draws = Math.max(1, Math.floor(evaluations / rounds / left.length));
      const values = this.#tryOut(
        left.map((c) => candidates[c]!),
        draws,
        stream.child(round),
      );
      left.forEach((c, at) => {
        totals[c]! += values[at]!;
      });
      left = left.sort((a, b) => totals[b]! - totals[a]!).slice(0, Math.ceil(left.length / 2));
    }
    return candidates[left[0]!]!;
  }

  /** Expected correct entries after each candidate, summed over `draws` systems. */
  #tryOut(candidates: readonly Intervention[], draws: number, stream: RandomStream): Float64Array {
    const { size, statistics } = this.#sampler;
    const outcomes = Array.from({ length: draws }, (_, draw) => {
      const own = stream.child(draw);
      const system = this.#sampler.drawSystem(own.child('system'));
      return candidates.map((candidate) => {
        const measured = new History(size, this.#rows);
        measured.append(system.sample(candidate, this.#rows, own.child('noise')), candidate);
        return mechanismRows(measured);
      });
    }).flat();
    const { edgeProbabilities } = this.#posterior.evaluate(this.#posterior.extended(statistics, outcomes), {
      trusted: true,
    });
    const sums = new Float64Array(candidates.length);
    const entries = size * size;
    edgeProbabilities.forEach((probability, at) => {
      // What an entry's own probability says about its being right, whatever the truth.
      sums[Math.floor(at / entries) % candidates.length]! += probability ** 2 + (1 - probability) ** 2;
    });
    return sums;
  }
}
