import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { type EventBody, encodeEvent, sessionEndValue, sessionStartValue, textValue } from './event-messages.js';
import { lastEventFileSecond, RunClock } from './run-clock.js';

/** The value of an option as TensorBoard's hyperparameter table can hold it. */
export type Hyperparameter = string | number | boolean;

export interface EventWriterOptions {
  /** A resumed run: viewers forget what older files of the run say of this step and later ones. */
  readonly purgeStep?: number;
  /** Wall times of the events. @defaultValue the clock of this machine, never backwards */
  readonly clock?: RunClock;
}

let opened = 0;

/** Writes one TensorBoard event file; each event is in the file when the call returns, so that a crash loses nothing. */
export class EventWriter {
  readonly path: string;
  readonly #file: number;
  readonly #clock: RunClock;

  constructor(folder: string, { purgeStep, clock = new RunClock() }: EventWriterOptions = {}) {
    mkdirSync(folder, { recursive: true });
    this.#clock = clock;
    opened += 1;
    // Viewers read the files of a run in the order of their names, whatever machine and process wrote them.
    const earlier = lastEventFileSecond(folder);
    const now = Math.floor(clock.now());
    const second = String(now > earlier ? now : earlier + 1).padStart(10, '0');
    const order = String(opened).padStart(4, '0');
    this.path = join(folder, `events.out.tfevents.${second}.${hostname()}.${process.pid}.${order}`);
    this.#file = openSync(this.path, 'wx');
    this.#write(0, { fileVersion: 'brain.Event:2' });
    if (purgeStep !== undefined) this.#write(purgeStep, { sessionLog: { status: 1 } });
  }

  scalars(step: number, values: Readonly<Record<string, number | undefined>>): void {
    const value = Object.entries(values).flatMap(([tag, simpleValue]) =>
      simpleValue === undefined ? [] : [{ tag, simpleValue }],
    );
    this.#write(step, { summary: { value } });
  }

  /** Shown by TensorBoard as Markdown. */
  text(step: number, tag: string, text: string): void {
    this.#write(step, { summary: { value: [textValue(tag, text)] } });
  }

  /** Marks the start of a session for TensorBoard's HParams tab. */
  hyperparameters(values: Readonly<Record<string, Hyperparameter>>, groupName = ''): void {
    const value = [sessionStartValue(values, { groupName, startTimeSecs: this.#clock.now() })];
    this.#write(0, { summary: { value } });
  }

  /** Ends the session that `hyperparameters` began. */
  sessionEnd(succeeded: boolean): void {
    this.#write(0, { summary: { value: [sessionEndValue(succeeded, this.#clock.now())] } });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(step: number, body: EventBody): void {
    const record = encodeRecord(encodeEvent(this.#clock.now(), step, body));
    for (let done = 0; done < record.length; ) done += writeSync(this.#file, record, done);
  }
}

/** TFRecord framing: u64le length, masked CRC-32C of the length, data, masked CRC-32C of the data. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(12 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedChecksum(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedChecksum(data), 12 + data.length);
  return record;
}

/** The rotation and constant that the TFRecord format prescribes for checksums stored beside their data. */
function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c(data);
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}

/** A nested configuration as one level of dotted names; lists become their JSON text, nulls are left out. */
export function flattenHyperparameters(config: unknown, prefix = ''): Record<string, Hyperparameter> {
  if (typeof config === 'string' || typeof config === 'number' || typeof config === 'boolean')
    return { [prefix]: config };
  if (Array.isArray(config)) return { [prefix]: JSON.stringify(config) };
  if (typeof config !== 'object' || config === null) return {};
  const parts = Object.entries(config).map(([name, value]) =>
    flattenHyperparameters(value, prefix === '' ? name : `${prefix}.${name}`),
  );
  return Object.assign({}, ...parts);
}
