import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvConfig } from '../design/design-env-config.js';
import { createCausalModelPrior } from '../design/prior-registry.js';
import { type DeepPartial, varyEnvironment } from '../design/vary-environment.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { checkDatasetSpec, type DatasetSpec } from './config.js';

/** An environment that datasets come from, and the systems in it. */
export interface World {
  readonly environment: DesignEnvConfig;
  readonly prior: CausalModelPrior;
}

type Variation = DatasetSpec['data']['variations'][number][number];

/** Fields that every dataset of a batch has in common, so that they can be packed together, and what sets them instead. */
const COMMON = {
  initialRows: "'environment.initialRows' with 'posterior.data.minimumInitialRows'",
  rowsPerExperiment: "'environment.rowsPerExperiment'",
  budget: "'posterior.data.maximumExperiments'",
} as const;

/** All worlds of a spec: each of its sizes with each combination of one variation from every list. */
export class WorldMixture {
  readonly sizes: readonly number[];
  readonly #variations: readonly (readonly Variation[])[];
  readonly #worlds = new Map<string, World>();

  /** @throws CausalPilotError E_CONFIG if the spec contradicts itself or a combination of variations is not valid. */
  constructor(readonly spec: DatasetSpec) {
    checkDatasetSpec(spec);
    const { sizes, variations } = spec.data;
    this.sizes = sizes ?? [spec.environment.prior.variables];
    this.#variations = variations;
    for (const size of new Set(this.sizes)) for (const choice of this.#combinations()) this.#make(size, choice);
  }

  get worlds(): Iterable<World> {
    return this.#worlds.values();
  }

  /** The number of variables of a batch that draws from `stream`. */
  drawSize(stream: RandomStream): number {
    if (this.sizes.length === 1) return this.sizes[0]!;
    return this.sizes[stream.child('size').integer(this.sizes.length)]!;
  }

  /** The world of a dataset that draws from `stream`. */
  draw(size: number, stream: RandomStream): World {
    const choice = this.#variations.map((list, i) => stream.child('variation', i).integer(list.length));
    return this.#worlds.get(keyOf(size, choice))!;
  }

  #combinations(): number[][] {
    return this.#variations.reduce<number[][]>(
      (choices, list) => choices.flatMap((choice) => list.map((_, index) => [...choice, index])),
      [[]],
    );
  }

  #make(size: number, choice: readonly number[]): void {
    const base = this.spec.environment;
    const sized = varyEnvironment(base, { prior: { variables: size } }, `posterior.data.sizes: ${size}`);
    const environment = choice.reduce((varied, index, i) => {
      const name = `posterior.data.variations[${i}][${index}]`;
      return checked(
        sized,
        varyEnvironment(varied, this.#variations[i]![index] as DeepPartial<DesignEnvConfig>, name),
        name,
      );
    }, sized);
    this.#worlds.set(keyOf(size, choice), { environment, prior: createCausalModelPrior(environment.prior) });
  }
}

const mixtures = new WeakMap<DatasetSpec, WorldMixture>();

/** The worlds of a spec, made once. */
export function worldMixture(spec: DatasetSpec): WorldMixture {
  let mixture = mixtures.get(spec);
  if (mixture === undefined) {
    mixture = new WorldMixture(spec);
    mixtures.set(spec, mixture);
  }
  return mixture;
}

const keyOf = (size: number, choice: readonly number[]) => [size, ...choice].join(' ');

function checked(base: DesignEnvConfig, varied: DesignEnvConfig, name: string): DesignEnvConfig {
  if (varied.prior.variables !== base.prior.variables)
    throw new CausalPilotError(
      'E_CONFIG',
      `${name} changes the number of variables; list them in 'posterior.data.sizes'`,
    );
  for (const [field, instead] of Object.entries(COMMON) as [keyof typeof COMMON, string][])
    if (varied[field] !== base[field])
      throw new CausalPilotError('E_CONFIG', `${name} changes '${field}'; set ${instead}, which all datasets share`);
  return varied;
}
