import { Presets, SingleBar } from 'cli-progress';
import { formatDuration, formatNumber } from './format.js';

/** Tells the person at the terminal how far a long job is. */
export interface Progress {
  /** `step` done so far, with the few figures worth watching. */
  update(step: number, figures?: Readonly<Record<string, number | undefined>>): void;
  /** One line of its own, above the bar where there is one. */
  note(line: string): void;
  finish(): void;
}

/** Where progress goes: standard error, or anything that takes text. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly label: string;
  /** Steps in all. */
  readonly total: number;
  /** Steps that were done before, when a run is resumed. @defaultValue 0 */
  readonly start?: number;
  /** Print nothing at all. @defaultValue false */
  readonly quiet?: boolean;
  /** @defaultValue process.stderr */
  readonly stream?: ProgressStream;
  /** Milliseconds; replaceable in tests. @defaultValue Date.now */
  readonly now?: () => number;
}

/** A bar with the time left on a terminal, plain lines at growing intervals elsewhere, nothing when quiet. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream = process.stderr, quiet = false } = options;
  if (quiet) return { update: () => {}, note: () => {}, finish: () => {} };
  const now = options.now ?? Date.now;
  const clock = new RemainingTime(options.total, options.start ?? 0, now);
  if (stream.isTTY) return new ProgressBar(options, stream, clock);
  return new ProgressLines({ label: options.label, total: options.total, stream, clock, now });
}

/** Estimates the time left from the steps of this session alone. */
class RemainingTime {
  readonly #started: number;

  constructor(
    readonly total: number,
    readonly start: number,
    readonly now: () => number,
  ) {
    this.#started = now();
  }

  after(step: number): string {
    if (step <= this.start) return 'unknown time left';
    const perStep = (this.now() - this.#started) / 1000 / (step - this.start);
    return `${formatDuration(perStep * Math.max(this.total - step, 0))} left`;
  }

  get elapsed(): string {
    return formatDuration((this.now() - this.#started) / 1000);
  }
}

class ProgressBar implements Progress {
  readonly #bar: SingleBar;

  constructor(
    { label, total, start = 0 }: ProgressOptions,
    readonly stream: ProgressStream,
    readonly clock: RemainingTime,
  ) {
    this.#bar = new SingleBar(
      {
        stream: stream as NodeJS.WritableStream,
        format: `${label} {bar} {percentage} % {value}/{total} {remaining}{figures}`,
        barsize: 24,
        hideCursor: true,
        // Signals belong to the interrupt watcher.
        gracefulExit: false,
      },
      Presets.shades_classic,
    );
    this.#bar.start(total, start, { remaining: clock.after(start), figures: '' });
  }

  update(step: number, figures: Readonly<Record<string, number | undefined>> = {}): void {
    const text = figuresText(figures);
    const payload = { remaining: this.clock.after(step), ...(text === '' ? {} : { figures: text }) };
    this.#bar.update(step, payload);
  }

  note(line: string): void {
    this.stream.write(`\r\u001b[2K${line}\n`);
    this.#bar.render();
  }

  finish(): void {
    this.#bar.stop();
  }
}

const FIRST_INTERVAL_MS = 5_000;
const LONGEST_INTERVAL_MS = 60_000;

class ProgressLines implements Progress {
  #interval = FIRST_INTERVAL_MS;
  #last: number;
  #latest: { step: number; figures: string } | undefined;

  constructor(
    readonly context: {
      readonly label: string;
      readonly total: number;
      readonly stream: ProgressStream;
      readonly clock: RemainingTime;
      readonly now: () => number;
    },
  ) {
    this.#last = context.now();
  }

  update(step: number, figures: Readonly<Record<string, number | undefined>> = {}): void {
    const text = figuresText(figures) || (this.#latest?.figures ?? '');
    this.#latest = { step, figures: text };
    const now = this.context.now();
    if (now - this.#last < this.#interval) return;
    this.#last = now;
    this.#interval = Math.min(this.#interval * 1.5, LONGEST_INTERVAL_MS);
    this.#line(step, `${this.context.clock.after(step)}${text}`);
  }

  note(line: string): void {
    this.context.stream.write(`${line}\n`);
  }

  finish(): void {
    const { step, figures } = this.#latest ?? { step: this.context.clock.start, figures: '' };
    this.#line(step, `${this.context.clock.elapsed} taken${figures}`);
  }

  #line(step: number, rest: string): void {
    const { label, total, stream } = this.context;
    const share = total > 0 ? Math.floor((100 * step) / total) : 100;
    stream.write(`${label}: ${step}/${total} (${share} %), ${rest}\n`);
  }
}

function figuresText(figures: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(figures)
    .flatMap(([name, value]) => (value === undefined ? [] : [`, ${name} ${formatNumber(value)}`]))
    .join('');
}
