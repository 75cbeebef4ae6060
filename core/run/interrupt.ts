/** Signals that ask for a clean end: Ctrl-C, and what schedulers send before they kill. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The exit status that shells expect after Ctrl-C. */
const INTERRUPTED_STATUS = 130;

export interface InterruptOptions {
  /** Called once, at the first signal, for example to say that the run is being saved. */
  readonly onRequest?: (signal: NodeJS.Signals) => void;
  /** @defaultValue process.exit */
  readonly exit?: (status: number) => void;
}

/**
 * Turns the first SIGINT or SIGTERM into a flag, which long loops poll at points where they can save and stop; a
 * second signal ends the process at once with status 130. `dispose` gives the signals back.
 */
export class InterruptWatcher {
  #signal: NodeJS.Signals | undefined;
  readonly #handle: (signal: NodeJS.Signals) => void;

  constructor({ onRequest, exit = process.exit }: InterruptOptions = {}) {
    this.#handle = (signal) => {
      if (this.#signal !== undefined) exit(INTERRUPTED_STATUS);
      else {
        this.#signal = signal;
        onRequest?.(signal);
      }
    };
    for (const name of SIGNALS) process.on(name, this.#handle);
  }

  /** Whether the loop that watches should save and stop. */
  get requested(): boolean {
    return this.#signal !== undefined;
  }

  /** Which signal came first, if any. */
  get signal(): NodeJS.Signals | undefined {
    return this.#signal;
  }

  dispose(): void {
    for (const name of SIGNALS) process.off(name, this.#handle);
  }
}
