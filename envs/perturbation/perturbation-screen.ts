import { columnMeans } from '../../core/causal/column-moments.js';
import type { CausalGraph } from '../../core/causal/graph.js';
import type { PerturbationContext, PerturbationData } from '../../core/causal/perturbation-data.js';
import type { RandomStream } from '../../core/random/stream.js';
import { type Compound, describeCompound, sampleCompounds, shiftAtDose, targetsOf } from './compounds.js';
import type { PerturbationScreenConfig } from './config.js';
import { ShiftModel } from './shift-model.js';

/** Doses of the compounds that are learnt from, and of the new ones. */
export const TRAINING_DOSES: readonly number[] = [0.5, 1, 1.5, 2];
/** Doses of known compounds that are in the test alone. */
export const UNSEEN_DOSES: readonly number[] = [0.25, 0.75, 1.25, 1.75, 2.25];
/** Pairs of rows, with noise of opposite sign, over which the mean of a nonlinear system is taken. */
const MEAN_PAIRS = 500;

/** A context of the test with the truth about it. */
export interface KnownContext extends PerturbationContext {
  /** [d]: expectation of the rows; of nonlinear systems the mean of 1,000 rows, half of them mirrored. */
  readonly mean: Float64Array;
  readonly targets: Uint8Array;
}

/** A context whose expectation is worked out where it is asked for. */
type Measured = Omit<KnownContext, 'mean'> & { readonly mean: () => Float64Array };

/** A screen to learn from, two to be judged on, and the truth behind them. */
export interface PerturbationScreen {
  readonly training: PerturbationData;
  /** Known compounds at unseen doses. */
  readonly partial: readonly KnownContext[];
  /** Compounds that were never seen. */
  readonly full: readonly KnownContext[];
  readonly graph: CausalGraph;
  /** Targets [d] of every training context. */
  readonly trainingTargets: readonly Uint8Array[];
}

/** One system with its compounds. Features are a fixed random mixture of what describes a compound, and the dose as the last one. */
export function samplePerturbationScreen(config: PerturbationScreenConfig, stream: RandomStream): PerturbationScreen {
  const model = ShiftModel.sample(config, stream.child('model'));
  const known = sampleCompounds(config, config.compounds, stream.child('known'));
  const unknown = sampleCompounds(config, config.newCompounds, stream.child('new'));
  const width = describeCompound(known[0] as Compound, config.effects).length;
  const mixing = stream.child('mixing').fillNormal(new Float64Array(width * width), 0, 1 / Math.sqrt(width));
  const measured = (compounds: readonly Compound[], doses: readonly number[], name: string): Measured[] =>
    compounds.flatMap((compound, index) =>
      doses.map((dose) => {
        const shift = shiftAtDose(compound, dose);
        const own = stream.child(name, index, dose);
        return {
          features: Float64Array.from([...mix(describeCompound(compound, config.effects), mixing), dose]),
          group: compound.name,
          values: model.sample(shift, config.rows, own),
          mean: () => expectation(model, shift, config, own.child('mean')),
          targets: targetsOf(compound),
        };
      }),
    );
  const withTruth = (contexts: readonly Measured[]): KnownContext[] =>
    contexts.map((context) => ({ ...context, mean: context.mean() }));
  const training = measured(known, TRAINING_DOSES, 'training');
  return {
    training: {
      size: config.variables,
      observational: model.sample(new Float64Array(config.variables), config.observationalRows, stream.child('rows')),
      contexts: training.map(({ features, group, values }) => ({ features, group, values })),
      doseFeature: width,
    },
    partial: withTruth(measured(known, UNSEEN_DOSES, 'partial')),
    full: withTruth(measured(unknown, TRAINING_DOSES, 'full')),
    graph: model.graph,
    trainingTargets: training.map(({ targets }) => targets),
  };
}

function mix(description: readonly number[], mixing: Float64Array): number[] {
  const width = description.length;
  return description.map((_, row) => description.reduce((sum, value, i) => sum + mixing[row * width + i]! * value, 0));
}

/** E[x] [d] under `shift`: exact for linear systems, where noise averages out, else over mirrored rows. */
function expectation(
  model: ShiftModel,
  shift: Float64Array,
  { mechanisms }: PerturbationScreenConfig,
  stream: RandomStream,
): Float64Array {
  if (mechanisms === 'linear') return model.propagate(new Float64Array(model.size), shift);
  const noise = stream.fillNormal(new Float64Array(MEAN_PAIRS * model.size));
  const mirrored = model.propagate(
    Float64Array.from(noise, (value) => -value),
    shift,
  );
  const own = columnMeans(model.propagate(noise, shift), model.size);
  return columnMeans(mirrored, model.size).map((value, i) => (value + own[i]!) / 2);
}
