import { intervene } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignStrategy } from '../design-strategy.js';
import type { TargetChoice } from './target-choices.js';

/** A rule that gives every variable a value in [-range, range]; only those of targets count. */
export type ValueChoice = (size: number, range: number, stream: RandomStream) => Float32Array;

/** Uniform in [-range, range). */
export const uniformValues: ValueChoice = (size, range, stream) =>
  stream.fillUniform(new Float32Array(size), -range, range);

/** +range or -range with equal probability, drawn for each variable. */
export const fullStrength: ValueChoice = (size, range, stream) =>
  Float32Array.from({ length: size }, () => range * stream.sign());

export const noStrength: ValueChoice = (size) => new Float32Array(size);

export interface SimpleDesignOptions {
  readonly targets: TargetChoice;
  /** Left out for kinds that take no values. */
  readonly values: ValueChoice;
}

/** A design that needs no training: what it does depends on past targets at most, never on what was measured. */
export function simpleDesign(name: string, { targets, values }: SimpleDesignOptions): DesignStrategy {
  return {
    name,
    tasks: ['structure', 'goal'],
    knowledge: [],
    propose: ({ histories, streams, interventionKind, valueRange, allowedTargets }) =>
      histories.map((history, system) => {
        const stream = streams[system]!;
        const flags = targets(history, stream, allowedTargets?.[system]);
        return intervene(interventionKind, flags, values(history.size, valueRange, stream));
      }),
  };
}
