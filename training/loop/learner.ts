import type { TensorMap } from '../../core/checkpoint/safetensors.js';
import type { InterruptWatcher } from '../../core/run/interrupt.js';
import type { MetricDescriptions, MetricValues } from '../../core/run/metrics.js';
import type { RunInputs } from '../../core/run/run-inputs.js';
import type { ModelCard } from '../../models/checkpoints.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';

/** What a training run needs from its surroundings. */
export interface TrainingIo {
  /** Run folder; made if missing. */
  readonly folder: string;
  /** Continue the run in `folder` instead of refusing to touch it. */
  readonly resume: boolean;
  readonly interrupt: Pick<InterruptWatcher, 'requested'>;
  readonly quiet?: boolean;
  /** The command as the user typed it, for the run's record. */
  readonly command?: string;
  /** The backend in use, for the run's record. */
  readonly backend: string;
  /** What decides the result besides the configuration; a resumed run must have the same. @defaultValue none */
  readonly inputs?: RunInputs;
  /** A trained policy whose weights are the first ones. @defaultValue those that the configuration names */
  readonly start?: DesignPolicy;
}

export interface TrainingResult {
  readonly status: 'finished' | 'interrupted';
  /** Steps done. */
  readonly step: number;
  /** Gradient steps behind the last weights, of all networks that learn together. */
  readonly gradientSteps: number;
  /** Whether the last and the best weights differ from those that the run began with; only such are trained. */
  readonly changed: { readonly last: boolean; readonly best: boolean };
  /** Held-out metrics at the best checkpoint. */
  readonly metrics: Record<string, number>;
  readonly bestCheckpoint: string;
  readonly lastCheckpoint: string;
}

/** What the loop knows of a model that it saves. */
export type LearnedCard = Pick<ModelCard, 'step' | 'metrics' | 'gradientSteps' | 'weightsChanged' | 'inputs'>;

export interface LearningStep<Metrics extends MetricDescriptions> {
  readonly metrics: MetricValues<Metrics>;
  /** Gradient steps that were made; 0 while only data is collected. */
  readonly gradientSteps: number;
}

/** One way of learning; `runLearner` drives it. All state is in `state()`, all randomness in streams named by the step. */
export interface Learner<Metrics extends MetricDescriptions> {
  /** Kind of the resumable checkpoint, e.g. `posterior-training`. */
  readonly kind: string;
  /** What progress lines call it. */
  readonly label: string;
  readonly metrics: Metrics;
  /** Metrics that progress lines show. */
  readonly shown: readonly (keyof Metrics & string)[];
  readonly steps: number;
  /** How long the run is: the option that says so, and what depends on the end, if anything: then it cannot be moved. */
  readonly length: { readonly option: string; readonly fixedBy?: string };
  readonly schedule: { readonly logEvery: number; readonly validateEvery: number; readonly saveEvery: number };
  /** Step number `index` (from 0). */
  step(index: number): Promise<LearningStep<Metrics>>;
  /** Scores the current model on held-out systems; the highest score is kept as the best checkpoint. */
  validate(): Promise<{ readonly score: number; readonly metrics: MetricValues<Metrics> }>;
  /** The weights that `saveModel` saves. */
  model(): TensorMap;
  saveModel(folder: string, card: LearnedCard): Promise<void>;
  /** The parts of a resumable checkpoint. */
  state(): Readonly<Record<string, TensorMap>>;
  restore(parts: Readonly<Record<string, TensorMap>>, source: string): void;
}
