import { constants } from 'node:os';

/** A person or a scheduler that asks a second time wants the end at once. */
const COMMANDS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/**
 * Warnings that the end is near: a closed terminal, what schedulers are told to send before they kill (`sbatch
 * --signal=USR1@120`), a limit of processor time, whose signal comes every second from then on. However many there are,
 * the work that they interrupt is saved. SIGUSR1 without a listener would open Node's inspector.
 */
const WARNINGS: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'];

/** Those that this system has. */
const SIGNALS = [...COMMANDS, ...WARNINGS].filter((name) => name in constants.signals);

/** The exit status that shells expect after Ctrl-C. */
const INTERRUPTED_STATUS = 130;

export interface InterruptOptions {
  /** Called once, at the first signal, for example to say that the run is being saved. */
  readonly onRequest?: (signal: NodeJS.Signals) => void;
  /** @defaultValue process.exit */
  readonly exit?: (status: number) => void;
}

/**
 * Turns the first signal that asks for an end or warns of one into a flag, which long loops poll at points where they can
 * save and stop; a second SIGINT or SIGTERM ends the process at once with status 130. `dispose` gives the signals back.
 */
export class InterruptWatcher {
  #signal: NodeJS.Signals | undefined;
  #commands = 0;
  readonly #handle: (signal: NodeJS.Signals) => void;
  /** The process that started this one and kept a channel to it, a sweep, is gone: nobody waits for the work any more. */
  readonly #handleOrphaned = () => this.#handle('SIGHUP');

  constructor({ onRequest, exit = process.exit }: InterruptOptions = {}) {
    this.#handle = (signal) => {
      if (COMMANDS.includes(signal)) this.#commands++;
      if (this.#commands > 1) exit(INTERRUPTED_STATUS);
      if (this.#signal !== undefined) return;
      this.#signal = signal;
      onRequest?.(signal);
    };
    for (const name of SIGNALS) process.on(name, this.#handle);
    process.on('disconnect', this.#handleOrphaned);
    if (process.connected === false) this.#handleOrphaned();
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
    process.off('disconnect', this.#handleOrphaned);
  }
}
