import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import {
  hasCheckpoint,
  hashTensors,
  readCheckpoint,
  readCheckpointManifest,
  writeCheckpoint,
} from '../../core/checkpoint/manifest.js';
import type { TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import { assertFinite, writeNumericDump } from '../../core/run/finite.js';
import type { InterruptWatcher } from '../../core/run/interrupt.js';
import { defineMetrics, type MetricDescriptions, type MetricValues } from '../../core/run/metrics.js';
import { createProgress } from '../../core/run/progress.js';
import { isRunFolder, RunFolder, readRunRecord } from '../../core/run/run-folder.js';
import { checkInputs, type RunInputs } from '../../core/run/run-inputs.js';
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

/** What the loop itself measures, whatever is learned; logged with every line of metrics. */
const LOOP_METRICS = defineMetrics({
  'time/processorMinutes':
    'processor time of the learning steps so far, all threads, over all calls of the run; validation and saving excluded',
});

const LoopState = z.strictObject({
  step: z.int().min(0),
  // Runs of versions that did not measure it count from their resumption on.
  processorSeconds: z.number().min(0).default(0),
  gradientSteps: z.int().min(0).default(0),
  /** Hash of the model's first weights; null in runs of versions that did not keep it. */
  initialWeights: z.string().nullable().default(null),
  bestChanged: z.boolean().default(true),
  bestScore: z.number().nullable(),
  bestMetrics: z.record(z.string(), z.number()),
});
type LoopState = z.infer<typeof LoopState>;

export interface RunLearnerOptions<Metrics extends MetricDescriptions> {
  readonly learner: Learner<Metrics>;
  /** The resolved configuration; a resumed run must have been started with the same one. */
  readonly config: { readonly seed: number };
  readonly io: TrainingIo;
}

/**
 * Runs a learner to its last step: metrics to the run folder, held-out validation, best, last and resumable
 * checkpoints. An interrupt saves and stops; continuing from there equals never having stopped, bit for bit on the same
 * machine and backend.
 *
 * @throws CausalPilotError E_INPUT for an occupied folder, E_CONFIG when resuming with other settings, E_NUMERIC (with
 * the path of a dump) when a loss, gradient or metric is not finite.
 */
export async function runLearner<Metrics extends MetricDescriptions>(
  options: RunLearnerOptions<Metrics>,
): Promise<TrainingResult> {
  const { learner, config, io } = options;
  const resumable = `${io.folder}/checkpoints/resume`;
  const { inputs = {} } = io;
  if (io.resume && isRunFolder(io.folder)) checkInputs(io.folder, readRunRecord(io.folder).inputs, inputs);
  const state = io.resume && hasCheckpoint(resumable) ? restore(options, resumable) : freshState(learner.model());
  const metrics: MetricDescriptions = { ...learner.metrics, ...LOOP_METRICS };
  const run = io.resume
    ? RunFolder.resume(io.folder, { step: state.step, metrics, config, backend: io.backend, inputs })
    : RunFolder.create(io.folder, {
        metrics,
        inputs,
        config,
        command: io.command ?? learner.kind,
        seed: config.seed,
        backend: io.backend,
      });
  try {
    const status = await advance(options, { run, state, resumable });
    run.finish(status);
    return {
      status,
      step: state.step,
      gradientSteps: state.gradientSteps,
      changed: { last: hasChanged(learner.model(), state), best: state.bestChanged },
      metrics: state.bestMetrics,
      bestCheckpoint: run.file('checkpoints/best'),
      lastCheckpoint: run.file('checkpoints/last'),
    };
  } catch (error) {
    run.finish('failed');
    throw error;
  }
}

interface Loop {
  readonly run: RunFolder<MetricDescriptions>;
  readonly state: LoopState;
  readonly resumable: string;
}

function freshState(model: TensorMap): LoopState {
  return {
    step: 0,
    processorSeconds: 0,
    gradientSteps: 0,
    initialWeights: hashTensors(model),
    bestChanged: false,
    bestScore: null,
    bestMetrics: {},
  };
}

/** Whether a model is another one than the run began with; gradient steps too small to move a weight train nothing. */
function hasChanged(model: TensorMap, { initialWeights, gradientSteps }: LoopState): boolean {
  return gradientSteps > 0 && hashTensors(model) !== initialWeights;
}

function cardOf(
  { step, bestMetrics, gradientSteps }: LoopState,
  { weightsChanged, inputs = {} }: { readonly weightsChanged: boolean; readonly inputs: RunInputs | undefined },
): LearnedCard {
  const from = Object.keys(inputs).length === 0 ? {} : { inputs };
  return { step, metrics: bestMetrics, gradientSteps, weightsChanged, ...from };
}

async function advance<Metrics extends MetricDescriptions>(
  options: RunLearnerOptions<Metrics>,
  loop: Loop,
): Promise<'finished' | 'interrupted'> {
  const { learner, io } = options;
  const { state } = loop;
  const { logEvery, validateEvery, saveEvery } = learner.schedule;
  const progress = createProgress({
    label: learner.label,
    total: learner.steps,
    start: state.step,
    quiet: io.quiet ?? false,
  });
  let savedStep = state.step;
  while (state.step < learner.steps && !io.interrupt.requested) {
    const { metrics: values, gradientSteps } = await guarded(options, loop, () =>
      timed(loop, () => learner.step(state.step)),
    );
    state.step++;
    state.gradientSteps += gradientSteps;
    const isLast = state.step === learner.steps;
    if (state.step % logEvery === 0 || isLast) log(loop, values);
    progress.update(state.step, Object.fromEntries(learner.shown.map((name) => [name, values[name]])));
    if (state.step % validateEvery === 0 || isLast) await validate(options, loop);
    if (state.step % saveEvery === 0 || isLast) {
      await save(options, loop);
      savedStep = state.step;
    }
    // Lets signal handlers and simulation workers have their turn.
    await nextTurn();
  }
  if (savedStep !== state.step) await save(options, loop);
  progress.finish();
  return state.step < learner.steps ? 'interrupted' : 'finished';
}

function log({ run, state }: Pick<Loop, 'run' | 'state'>, values: MetricValues<MetricDescriptions>): void {
  run.log(state.step, { ...values, 'time/processorMinutes': state.processorSeconds / 60 });
}

async function validate<Metrics extends MetricDescriptions>(
  { learner, io }: RunLearnerOptions<Metrics>,
  { run, state }: Loop,
): Promise<void> {
  const { score, metrics } = await learner.validate();
  log({ run, state }, metrics);
  if (state.bestScore !== null && score <= state.bestScore) return;
  state.bestScore = score;
  state.bestMetrics = presentValues(metrics);
  state.bestChanged = hasChanged(learner.model(), state);
  await learner.saveModel(
    run.file('checkpoints/best'),
    cardOf(state, { weightsChanged: state.bestChanged, inputs: io.inputs }),
  );
}

async function save<Metrics extends MetricDescriptions>(
  { learner, config, io }: RunLearnerOptions<Metrics>,
  { run, state, resumable }: Loop,
): Promise<void> {
  const { weights = new Map(), ...parts } = learner.state();
  await writeCheckpoint(resumable, { kind: learner.kind, tensors: weights, parts, config, metadata: { ...state } });
  const card = cardOf(state, { weightsChanged: hasChanged(learner.model(), state), inputs: io.inputs });
  await learner.saveModel(run.file('checkpoints/last'), card);
}

function restore<Metrics extends MetricDescriptions>(
  { learner, config }: RunLearnerOptions<Metrics>,
  folder: string,
): LoopState {
  const names = Object.keys(readCheckpointManifest(folder).files).map((file) => file.replace(/\.safetensors$/, ''));
  const stored = readCheckpoint(folder, {
    kind: learner.kind,
    config: z.unknown(),
    metadata: LoopState,
    parts: names.filter((name) => name !== 'weights'),
  });
  const free = new Set([...FREE_SECTIONS, learner.length.option]);
  const difference = firstDifference(stored.config, JSON.parse(JSON.stringify(config)), { free });
  if (difference !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `${folder}: the run was started with another '${difference}'; resume with the settings in its config.yaml, or start a new run`,
    );
  checkLength(learner, { folder, before: valueAt(stored.config, learner.length.option), done: stored.metadata.step });
  learner.restore({ weights: stored.tensors, ...stored.parts }, folder);
  return { ...stored.metadata };
}

/** Adds the processor time of all threads of this process, those of the native kernels included. */
async function timed<Result>({ state }: Loop, work: () => Promise<Result>): Promise<Result> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  state.processorSeconds += (user + system) / 1e6;
  return result;
}

/** Runs one step; a number that is not finite leaves a dump of the learner's state behind. */
async function guarded<Metrics extends MetricDescriptions>(
  { learner, io }: RunLearnerOptions<Metrics>,
  { state }: Loop,
  step: () => Promise<LearningStep<Metrics>>,
): Promise<LearningStep<Metrics>> {
  try {
    const done = await step();
    for (const [name, value] of Object.entries<number | undefined>(done.metrics))
      if (value !== undefined) assertFinite(state.step, name, value);
    return done;
  } catch (error) {
    if (!(error instanceof CausalPilotError) || error.code !== 'E_NUMERIC') throw error;
    const tensors = learner.state().weights ?? new Map();
    const dump = await writeNumericDump(io.folder, { step: state.step, name: error.message, tensors });
    throw new CausalPilotError('E_NUMERIC', `${error.message} (state written to ${dump})`, { cause: error });
  }
}

function presentValues(metrics: Readonly<Record<string, number | undefined>>): Record<string, number> {
  const present: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) if (value !== undefined) present[name] = value;
  return present;
}

/** Sections that change neither what is learned nor how. */
const FREE_SECTIONS: ReadonlySet<string> = new Set(['backend', 'evaluation']);

/** Dotted path of the first option that differs and is not free to. */
function firstDifference(
  stored: unknown,
  given: unknown,
  { free, path = '' }: { readonly free: ReadonlySet<string>; readonly path?: string },
): string | undefined {
  if (isDeepStrictEqual(stored, given) || free.has(path)) return undefined;
  if (!isRecord(stored) || !isRecord(given)) return path;
  const names = new Set([...Object.keys(stored), ...Object.keys(given)]);
  for (const name of names) {
    const own = path === '' ? name : `${path}.${name}`;
    const difference = firstDifference(stored[name], given[name], { free, path: own });
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/**
 * A run may be given another end while nothing that it has done depended on the old one.
 *
 * @throws CausalPilotError E_CONFIG with what fixes the end, or how far the run is already.
 */
function checkLength(
  { steps, length }: Pick<Learner<MetricDescriptions>, 'steps' | 'length'>,
  { folder, before, done }: { readonly folder: string; readonly before: unknown; readonly done: number },
): void {
  if (before === undefined || before === steps) return;
  if (length.fixedBy !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `${folder}: the run was started with ${length.option}=${before}, and ${length.fixedBy} depends on that end; resume with ${before}, or start a new run with ${steps}`,
    );
  if (steps <= done)
    throw new CausalPilotError(
      'E_CONFIG',
      `${folder}: the run has done ${done} steps, so ${length.option}=${steps} is behind it; ask for more than ${done}`,
    );
}

function valueAt(config: unknown, option: string): unknown {
  return option.split('.').reduce<unknown>((group, name) => (isRecord(group) ? group[name] : undefined), config);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
