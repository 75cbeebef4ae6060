import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds since 1970 that never run backwards, also not behind what an earlier process wrote on a machine with another clock. */
export class RunClock {
  #last: number;

  /** @param notBefore - seconds since 1970 */
  constructor(notBefore = 0) {
    this.#last = notBefore;
  }

  now(): number {
    this.#last = Math.max(this.#last, Date.now() / 1000);
    return this.#last;
  }
}

const EVENT_FILE = /^events\.out\.tfevents\.(\d+)\./;

/** The second in the name of the youngest event file of a run: viewers read the files in the order of their names. */
export function lastEventFileSecond(folder: string): number {
  return eventFiles(folder).reduce((latest, { second }) => Math.max(latest, second), 0);
}

/** The latest wall time of all events of a run, in seconds; 0 where there is none. What a crash cut off is passed over. */
export function lastEventTime(folder: string): number {
  return eventFiles(folder).reduce(
    (latest, { name }) => Math.max(latest, ...wallTimes(readFileSync(join(folder, name)))),
    0,
  );
}

function eventFiles(folder: string): { readonly name: string; readonly second: number }[] {
  return readdirSync(folder).flatMap((name) => {
    const second = EVENT_FILE.exec(name)?.[1];
    return second === undefined ? [] : [{ name, second: Number(second) }];
  });
}

/** Tag of the first field of an event: number 1, a double. */
const WALL_TIME_TAG = 0x09;

/** The wall times in a file of TFRecords: u64le length, u32 checksum, data, u32 checksum. */
function wallTimes(file: Buffer): number[] {
  const times: number[] = [];
  for (let at = 0; at + 21 <= file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (length >= 9 && file[at + 12] === WALL_TIME_TAG) times.push(file.readDoubleLE(at + 13));
    at += 16 + length;
  }
  return times.filter(Number.isFinite);
}
