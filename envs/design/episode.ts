import { History } from '../../core/causal/history.js';
import {
  type Intervention,
  intervene,
  KINDS_WITH_VALUES,
  observe,
  validateIntervention,
} from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModel, CausalModelPrior } from '../prior/causal-model.js';
import type { DesignEnvSettings } from './design-env-config.js';

/** Values come from float32 arithmetic, so the largest one may miss the range by a rounding. */
const RANGE_TOLERANCE = 1 + 1e-6;

/**
 * One system and what has been measured on it. Each part draws from a stream of its own (`<name>/system`,
 * `<name>/initial`, `<name>/experiment/<t>`), so an episode depends on its name and the interventions alone.
 */
export class Episode {
  readonly model: CausalModel;
  readonly history: History;
  #experiments = 0;

  constructor(
    prior: CausalModelPrior,
    readonly settings: DesignEnvSettings,
    readonly stream: RandomStream,
  ) {
    const { initialRows, budget, rowsPerExperiment } = settings;
    this.model = prior.sample(stream.child('system'));
    this.history = new History(this.model.size, initialRows + budget * rowsPerExperiment);
    const observation = observe(this.model.size);
    if (initialRows > 0)
      this.history.append(this.model.sample(observation, initialRows, stream.child('initial')), observation);
  }

  /** Experiments carried out so far, t. */
  get experiments(): number {
    return this.#experiments;
  }

  get finished(): boolean {
    return this.#experiments >= this.settings.budget;
  }

  /** @throws CausalPilotError E_INPUT if the intervention is malformed, of another kind, or beyond the value range. */
  check(intervention: Intervention): void {
    const { interventionKind, valueRange } = this.settings;
    validateIntervention(intervention, this.model.size, [interventionKind]);
    if (!KINDS_WITH_VALUES.has(intervention.kind)) return;
    for (let variable = 0; variable < this.model.size; variable++) {
      const value = intervention.values![variable]!;
      if (intervention.targets[variable] === 1 && Math.abs(value) > valueRange * RANGE_TOLERANCE)
        throw new CausalPilotError(
          'E_INPUT',
          `intervention: the value of target ${variable} is ${value}, beyond valueRange ${valueRange}; clip it or raise valueRange`,
        );
    }
  }

  /** The rows [rowsPerExperiment, d] that `carryOut` would measure now; the noise is the same whatever is asked. */
  wouldMeasure(intervention: Intervention): Float32Array {
    const stream = this.stream.child('experiment', this.#experiments);
    const carriedOut = this.#misdirected(intervention, stream);
    return this.model.sample(carriedOut, this.settings.rowsPerExperiment, stream);
  }

  /** Measures `rowsPerExperiment` rows under `intervention` and appends them to the history. */
  carryOut(intervention: Intervention): void {
    this.history.append(this.wouldMeasure(intervention), intervention);
    this.#experiments++;
  }

  /** The intervention as it reaches the system, after each target flag was flipped with the configured probability. */
  #misdirected(intervention: Intervention, stream: RandomStream): Intervention {
    const { targetFlipProbability, interventionKind } = this.settings;
    if (targetFlipProbability === 0) return intervention;
    const flips = stream.child('flips');
    const targets = intervention.targets.map((flag) => (flips.bernoulli(targetFlipProbability) ? 1 - flag : flag));
    return intervene(interventionKind, targets, intervention.values ?? new Float32Array(targets.length));
  }
}
