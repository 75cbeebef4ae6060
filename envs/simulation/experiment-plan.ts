import { type Intervention, KINDS_WITH_VALUES, targetFlags } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvSettings } from '../design/design-env-config.js';
import type { PosteriorDataConfig } from './config.js';

type Collection = keyof PosteriorDataConfig['collections'];
type Strength = keyof PosteriorDataConfig['strengths'];

/** How many rows and which experiments one dataset gets. */
export interface ExperimentPlan {
  readonly initialRows: number;
  readonly interventions: readonly Intervention[];
}

/** Draws the plan of one dataset of a spec that `checkDatasetSpec` accepts over `size` variables: one way of choosing targets and values for all its experiments. */
export function drawExperimentPlan(
  settings: DesignEnvSettings,
  data: PosteriorDataConfig,
  { size, stream }: { readonly size: number; readonly stream: RandomStream },
): ExperimentPlan {
  const initialRows = drawInitialRows(settings.initialRows, data.minimumInitialRows, stream);
  const observational = stream.bernoulli(data.observationalFraction);
  if (observational || settings.budget === 0) return { initialRows, interventions: [] };
  const experiments = 1 + stream.integer(settings.budget);
  const nextTargets = targetChooser(drawKey(data.collections, stream), { size, turnSizes: data.turnSizes, stream });
  const strength = drawKey(data.strengths, stream);
  const kind = settings.interventionKind;
  const interventions = Array.from({ length: experiments }, (): Intervention => {
    const targets = nextTargets();
    if (!KINDS_WITH_VALUES.has(kind)) return { kind, targets };
    const values = Float32Array.from({ length: size }, () => settings.valueRange * drawValue(strength, stream));
    return { kind, targets, values };
  });
  return { initialRows, interventions };
}

function drawInitialRows(most: number, fewest: number | undefined, stream: RandomStream): number {
  if (fewest === undefined || fewest === most) return most;
  return fewest + stream.integer(most - fewest + 1);
}

/** One of the record's keys, with probability proportional to its weight. */
function drawKey<Key extends string>(weights: Readonly<Record<Key, number>>, stream: RandomStream): Key {
  const keys = Object.keys(weights) as Key[];
  return keys[stream.weightedIndex(keys.map((key) => weights[key]))]!;
}

/** Gives the target flags [d] of one experiment after another. */
function targetChooser(
  collection: Collection,
  {
    size,
    turnSizes,
    stream,
  }: { readonly size: number; readonly turnSizes: readonly number[]; readonly stream: RandomStream },
): () => Uint8Array {
  const only = (target: number) => targetFlags(size, [target]);
  switch (collection) {
    case 'multiTarget': {
      const probability = stream.uniform();
      return () => Uint8Array.from({ length: size }, () => (stream.bernoulli(probability) ? 1 : 0));
    }
    case 'singleTarget':
      return () => only(stream.integer(size));
    case 'inTurn': {
      const count = Math.min(size, turnSizes[stream.integer(turnSizes.length)]!);
      return inTurn(size, count, stream);
    }
    case 'repeatedTarget': {
      const target = stream.integer(size);
      return () => only(target);
    }
  }
}

/** The `count` variables that were chosen least often, at random among equals. */
function inTurn(size: number, count: number, stream: RandomStream): () => Uint8Array {
  let waiting: number[] = [];
  return () => {
    const chosen = waiting.splice(0, count);
    if (chosen.length < count) {
      const next = Array.from(stream.permutation(size));
      // Those chosen already come last in the new order: nobody is chosen twice in one experiment.
      const fresh = next.filter((variable) => !chosen.includes(variable));
      waiting = [...fresh, ...next.filter((variable) => chosen.includes(variable))];
      chosen.push(...waiting.splice(0, count - chosen.length));
    }
    return targetFlags(size, chosen);
  };
}

/** A value in units of the largest allowed one. */
function drawValue(strength: Strength, stream: RandomStream): number {
  switch (strength) {
    case 'uniform':
      return 2 * stream.uniform() - 1;
    case 'full':
      return stream.sign();
    case 'zero':
      return 0;
  }
}
