import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { writeFileAtomic } from '../checkpoint/files.js';
import { loadConfig, readConfigFile } from '../config/load-config.js';
import { CausalPilotError } from '../errors.js';
import { programVersion } from '../program-version.js';
import { EventWriter, flattenHyperparameters } from './event-writer.js';
import { assertFinite } from './finite.js';
import type { MetricDescriptions, MetricValues } from './metrics.js';
import { lastEventTime, RunClock } from './run-clock.js';
import { checkInputs, RunInputs } from './run-inputs.js';

const RECORD = 'run.json';
const CONFIG = 'config.yaml';
const METRICS = 'metrics.jsonl';

const RunRecord = z.strictObject({
  format: z.literal('causal-pilot-run'),
  formatVersion: z.literal(1),
  status: z.enum(['running', 'finished', 'interrupted', 'failed']),
  /** The command as the user typed it. */
  command: z.string(),
  seed: z.number(),
  /** The backend of the steps before the first resumption. */
  backend: z.string(),
  /** What decides the result besides the configuration. */
  inputs: RunInputs.default({}),
  versions: z.record(z.string(), z.string()),
  platform: z.string(),
  started: z.string(),
  ended: z.string().nullable(),
  /** From which step on whom: what the steps from there on were done with. */
  resumed: z.array(
    z.strictObject({
      time: z.string(),
      step: z.int().nonnegative(),
      backend: z.string().optional(),
      versions: z.record(z.string(), z.string()).optional(),
    }),
  ),
  /** What each metric of `metrics.jsonl` means. */
  metrics: z.record(z.string(), z.string()),
});

/** What `run.json` holds. */
export type RunRecord = z.infer<typeof RunRecord>;

/** How a run ended. */
export type RunStatus = Exclude<RunRecord['status'], 'running'>;

export interface RunDescription<Metrics extends MetricDescriptions> {
  /** Every metric that the run may log. */
  readonly metrics: Metrics;
  /** The resolved configuration. */
  readonly config: unknown;
  readonly command: string;
  readonly seed: number;
  /** The compute backend in use. */
  readonly backend: string;
  /** @defaultValue none */
  readonly inputs?: RunInputs;
  /** Versions besides those of causal-pilot and node. @defaultValue none */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface RunResumption<Metrics extends MetricDescriptions> {
  /** Steps that are done. */
  readonly step: number;
  readonly metrics: Metrics;
  /** The configuration from here on. @defaultValue that of the run */
  readonly config?: unknown;
  /** The compute backend in use. */
  readonly backend?: string;
  /** Must be those that the run was started with. @defaultValue none */
  readonly inputs?: RunInputs;
}

/** One line of `metrics.jsonl`: the step, Unix seconds, and the metrics logged then. */
const MetricLine = z.looseObject({ step: z.int().nonnegative(), time: z.number() }).catchall(z.number());
export type MetricLine = z.infer<typeof MetricLine>;

/**
 * The folder of one training run: `config.yaml` (resolved), `run.json` (versions, seed, state), `metrics.jsonl`,
 * TensorBoard event files, and whatever checkpoints the run puts beside them.
 */
export class RunFolder<Metrics extends MetricDescriptions> {
  readonly #events: EventWriter;
  readonly #metricsFile: number;
  readonly #clock: RunClock;
  #record: RunRecord;

  private constructor(
    readonly path: string,
    record: RunRecord,
    at: { readonly config: unknown; readonly purgeStep?: number; readonly clock: RunClock },
  ) {
    this.#record = record;
    this.#clock = at.clock;
    this.#save({});
    this.#metricsFile = openSync(join(path, METRICS), 'a');
    this.#events = new EventWriter(path, at);
    this.#events.hyperparameters(flattenHyperparameters(at.config), path);
  }

  /**
   * Starts a run in a new or empty folder.
   *
   * @throws CausalPilotError E_INPUT when there is anything in the folder.
   */
  static create<Metrics extends MetricDescriptions>(
    path: string,
    description: RunDescription<Metrics>,
  ): RunFolder<Metrics> {
    checkFree(path);
    const { command, seed, backend, inputs = {}, versions, metrics, config } = description;
    const record: RunRecord = {
      format: 'causal-pilot-run',
      formatVersion: 1,
      status: 'running',
      command,
      seed,
      backend,
      inputs,
      versions: { ...ownVersions(), ...versions },
      platform: `${process.platform}-${process.arch}`,
      started: new Date().toISOString(),
      ended: null,
      resumed: [],
      metrics: { ...metrics },
    };
    writeFileAtomic(join(path, CONFIG), stringify(config));
    return new RunFolder(path, record, { config, clock: new RunClock() });
  }

  /**
   * Continues the run in a folder after `step` finished steps: metrics of later steps are removed from
   * `metrics.jsonl`, and a new event file tells TensorBoard to forget them.
   *
   * @throws CausalPilotError E_INPUT when there is no run, or its record or metrics are damaged; E_CONFIG for other inputs.
   */
  static resume<Metrics extends MetricDescriptions>(path: string, from: RunResumption<Metrics>): RunFolder<Metrics> {
    const { step, metrics, backend, inputs = {} } = from;
    const record = readRunRecord(path);
    checkInputs(path, record.inputs, inputs);
    const lines = readMetrics(path);
    const kept = lines.filter((line) => line.step <= step);
    writeFileAtomic(join(path, METRICS), kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const config = from.config ?? readRunConfig(path, z.looseObject({}));
    writeFileAtomic(join(path, CONFIG), stringify(config));
    const now = backend === undefined ? {} : { backend };
    const resumed = [...record.resumed, { time: new Date().toISOString(), step, ...now, versions: ownVersions() }];
    const next: RunRecord = {
      ...record,
      status: 'running',
      ended: null,
      resumed,
      inputs: { ...record.inputs, ...inputs },
      metrics: { ...metrics },
    };
    const clock = new RunClock(Math.max(lastEventTime(path), ...lines.map(({ time }) => time)));
    return new RunFolder(path, next, { config, clock, purgeStep: step + 1 });
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** The path of a file or checkpoint folder of this run. */
  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * Appends one line of metrics; metrics without a value at this step are left out.
   *
   * @throws CausalPilotError E_NUMERIC for a value that is not finite; E_STATE for an undefined metric name.
   */
  log(step: number, values: MetricValues<Metrics>): void {
    const present: Record<string, number> = {};
    for (const [name, value] of Object.entries<number | undefined>(values)) {
      if (value === undefined) continue;
      if (!Object.hasOwn(this.#record.metrics, name))
        throw new CausalPilotError(
          'E_STATE',
          `RunFolder.log: metric '${name}' is not defined; add it to defineMetrics`,
        );
      assertFinite(step, name, value);
      present[name] = value;
    }
    writeSync(this.#metricsFile, `${JSON.stringify({ step, time: this.#clock.now(), ...present })}\n`);
    this.#events.scalars(step, present);
  }

  /** A remark in Markdown, for TensorBoard. */
  text(step: number, tag: string, text: string): void {
    this.#events.text(step, tag, text);
  }

  /** Records how the run ended and closes its files; an interrupted or failed run can be resumed. */
  finish(status: RunStatus): void {
    this.#save({ status, ended: new Date().toISOString() });
    this.#events.sessionEnd(status === 'finished');
    this.#events.close();
    closeSync(this.#metricsFile);
  }

  #save(change: Partial<RunRecord>): void {
    this.#record = { ...this.#record, ...change };
    writeFileAtomic(join(this.path, RECORD), `${JSON.stringify(this.#record, null, 2)}\n`);
  }
}

/** Whether a folder holds a run that could be resumed. */
export function isRunFolder(path: string): boolean {
  return existsSync(join(path, RECORD));
}

/** @throws CausalPilotError E_INPUT when the folder holds no run or its `run.json` is damaged. */
export function readRunRecord(path: string): RunRecord {
  const file = join(path, RECORD);
  if (!existsSync(file))
    throw new CausalPilotError('E_INPUT', `${path}: there is no run here (no ${RECORD}); check the path`);
  const parsed = RunRecord.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new CausalPilotError('E_INPUT', `${file}: not the record of a run, or damaged`);
  return parsed.data;
}

/** The configuration that a run was started with. @throws CausalPilotError E_CONFIG as `loadConfig` does. */
export function readRunConfig<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  return loadConfig({ schema, preset: readConfigFile(join(path, CONFIG)) });
}

/**
 * All lines of `metrics.jsonl`. A last line without its end, left by a crash, is dropped.
 *
 * @throws CausalPilotError E_INPUT naming the line that is damaged.
 */
export function readMetrics(path: string): MetricLine[] {
  const file = join(path, METRICS);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((text, index) => {
    const line = MetricLine.safeParse(parseJson(text));
    if (!line.success)
      throw new CausalPilotError('E_INPUT', `${file}:${index + 1}: not a line of metrics; remove the line`);
    return line.data;
  });
}

function ownVersions(): Record<string, string> {
  return { 'causal-pilot': programVersion(), node: process.version };
}

function checkFree(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const reason = (error as Error).message;
    throw new CausalPilotError('E_INPUT', `${path}: the run folder cannot be made: ${reason}`, { cause: error });
  }
  if (readdirSync(path).length === 0) return;
  const remedy = isRunFolder(path)
    ? 'it holds a run already; continue it with --resume or choose another folder'
    : 'the folder is not empty and holds no run; choose another folder';
  throw new CausalPilotError('E_INPUT', `${path}: ${remedy}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
