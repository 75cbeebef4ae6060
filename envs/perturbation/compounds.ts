import type { RandomStream } from '../../core/random/stream.js';
import type { PerturbationScreenConfig } from './config.js';

/** What a compound does: `effects` [d] times its Hill curve in the dose, 0 where it has no target. */
export interface Compound {
  readonly name: string;
  readonly effects: Float64Array;
  /** Dose of half the effect. */
  readonly halfDose: number;
  /** Steepness of the Hill curve. */
  readonly slope: number;
}

/** The shift [d] of a dose: effect dose^h / (K^h + dose^h). */
export function shiftAtDose({ effects, halfDose, slope }: Compound, dose: number): Float64Array {
  const response = dose === 0 ? 0 : 1 / (1 + (halfDose / dose) ** slope);
  return effects.map((effect) => effect * response);
}

/** [d], 1 where the compound has a target. */
export function targetsOf({ effects }: Compound): Uint8Array {
  return Uint8Array.from(effects, (effect) => (effect === 0 ? 0 : 1));
}

/**
 * Compounds with 1 to 3 targets, effects of size U(2, 4) and either sign, half doses U(0.5, 1.5) and slopes U(1, 3). The first
 * ones take the variables in turn, so that enough of them leave no variable without a compound.
 */
export function sampleCompounds(config: PerturbationScreenConfig, count: number, stream: RandomStream): Compound[] {
  const { variables: size, effects: kind } = config;
  const turns = stream.permutation(size);
  return Array.from({ length: count }, (_, index) => {
    const targets = new Set<number>(index < size ? [turns[index] ?? 0] : []);
    const wanted = Math.min(1 + stream.integer(3), size);
    while (targets.size < wanted) targets.add(stream.integer(size));
    const draw = () => stream.sign() * (2 + 2 * stream.uniform());
    const shared = draw();
    const effects = new Float64Array(size);
    for (const target of targets) effects[target] = kind === 'shared' ? shared : draw();
    return {
      name: `${stream.name}/${index}`,
      effects,
      halfDose: 0.5 + stream.uniform(),
      slope: 1 + 2 * stream.uniform(),
    };
  });
}

/**
 * What is told of a compound, before mixing: targets [d], their mean effect, K and h, and with effects of its own for every
 * target also these [d]: d + 3 or 2 d + 3 numbers.
 */
export function describeCompound(compound: Compound, kind: PerturbationScreenConfig['effects']): number[] {
  const targets = targetsOf(compound);
  const hit = compound.effects.filter((effect) => effect !== 0);
  const meanEffect = hit.reduce((sum, effect) => sum + effect, 0) / hit.length;
  const own = kind === 'shared' ? [] : compound.effects;
  return [...targets, meanEffect, compound.halfDose, compound.slope, ...own];
}
