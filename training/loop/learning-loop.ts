import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { defineMetrics, type MetricDescriptions, type MetricValues } from '../../core/run/metrics.js';
import { createProgress } from '../../core/run/progress.js';
import { isRunFolder, RunFolder, readRunRecord } from '../../core/run/run-folder.js';
import { checkInputs, type RunInputs } from '../../core/run/run-inputs.js';
import type { LearnedCard, Learner, LearningStep, TrainingIo, TrainingResult } from './learner.js';
import { checkResumes } from './resume-checks.js';

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
  checkResumes(learner, config, { folder, config: stored.config, step: stored.metadata.step });
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
