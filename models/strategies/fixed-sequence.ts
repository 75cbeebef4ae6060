import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { interveneBySigns } from '../../core/causal/target-sets.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvSettings } from '../../envs/design/design-env-config.js';
import { Episode } from '../../envs/design/episode.js';
import type { CausalModelPrior } from '../../envs/prior/causal-model.js';
import type { DesignStrategy } from '../design-strategy.js';
import { potentialsAfter } from '../what-if.js';

// Shapes: N systems, T experiments, S sets of targets, d variables.

/** The same experiments for every system, whatever is measured: one signed set [d] of targets at full strength a round. */
export function fixedSequence(name: string, sequence: readonly Int8Array[]): DesignStrategy {
  return {
    name,
    tasks: ['structure', 'goal'],
    knowledge: [],
    propose: ({ histories, step, interventionKind, valueRange, allowedTargets }) =>
      histories.map(({ size }, system) => {
        const signs = sequence[step % sequence.length]!;
        if (signs.length !== size)
          throw new CausalPilotError(
            'E_INPUT',
            `${name}: its experiments were found for ${signs.length} variables and this system has ${size}; leave the strategy out`,
          );
        const allowed = allowedTargets?.[system];
        const possible = signs.map((sign, i) => (allowed === undefined || allowed[i] === 1 ? sign : 0));
        return interveneBySigns(interventionKind, possible, valueRange);
      }),
  };
}

export interface SequenceSearch {
  readonly prior: CausalModelPrior;
  readonly settings: DesignEnvSettings;
  /** What a sequence is judged by, with `settings.reward`. */
  readonly posterior: GraphPosterior;
  /** [S, d], the sets that an experiment may have, as `listSignedSets` has them. */
  readonly sets: Int8Array;
  /** Sets weighed for each experiment; as many drawn ones where there are more. */
  readonly candidates: number;
  /** Systems N that a sequence is judged on. */
  readonly systems: number;
  /** Names these systems, their noise, and the drawn sets. */
  readonly stream: RandomStream;
}

/**
 * The best sequence of experiments that does not look at what was measured, T of [d]: each experiment in turn is the best
 * continuation on the same N systems, then each is exchanged once more for the best in its place.
 */
export function searchFixedSequence(search: SequenceSearch): Int8Array[] {
  const { budget } = search.settings;
  const sequence: Int8Array[] = [];
  for (let t = 0; t < budget; t++) sequence.push(bestContinuation(search, sequence, candidateSets(search, t)));
  for (let t = 0; t < budget; t++) {
    const candidates = [sequence[t]!, ...candidateSets(search, budget + t)];
    const means = candidates.map((set) => meanPotential(search, sequence.with(t, set)));
    sequence[t] = candidates[means.indexOf(Math.max(...means))]!;
  }
  return sequence;
}

function candidateSets({ sets, prior: { size }, candidates, stream }: SequenceSearch, draw: number): Int8Array[] {
  const order = stream.child('candidates', draw).permutation(sets.length / size);
  return Array.from(order.subarray(0, candidates), (set) => sets.slice(set * size, (set + 1) * size));
}

/** The episodes of all systems after a sequence was carried out. */
function playOut({ prior, settings, systems, stream }: SequenceSearch, sequence: readonly Int8Array[]): Episode[] {
  return Array.from({ length: systems }, (_, k) => {
    const episode = new Episode(prior, settings, stream.child('system', k));
    for (const set of sequence) episode.carryOut(interveneBySigns(settings.interventionKind, set, settings.valueRange));
    return episode;
  });
}

function bestContinuation(search: SequenceSearch, before: readonly Int8Array[], sets: readonly Int8Array[]): Int8Array {
  const { posterior, settings } = search;
  const tried = playOut(search, before).map((episode) => ({
    history: episode.history,
    graph: episode.model.graph,
    outcomes: sets.map((set) => {
      const intervention = interveneBySigns(settings.interventionKind, set, settings.valueRange);
      return { intervention, rows: episode.wouldMeasure(intervention) };
    }),
  }));
  const totals = new Float64Array(sets.length);
  potentialsAfter(posterior, settings.reward, tried).forEach((value, at) => {
    totals[at % sets.length]! += value;
  });
  return sets[totals.indexOf(Math.max(...totals))]!;
}

/** Mean Phi after the whole sequence. */
function meanPotential(search: SequenceSearch, sequence: readonly Int8Array[]): number {
  const { posterior, settings } = search;
  const last = interveneBySigns(settings.interventionKind, sequence.at(-1)!, settings.valueRange);
  const tried = playOut(search, sequence.slice(0, -1)).map((episode) => ({
    history: episode.history,
    graph: episode.model.graph,
    outcomes: [{ intervention: last, rows: episode.wouldMeasure(last) }],
  }));
  return potentialsAfter(posterior, settings.reward, tried).reduce((sum, value) => sum + value, 0) / search.systems;
}
