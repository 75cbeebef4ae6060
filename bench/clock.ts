/** Time that a run took. */
export interface Elapsed {
  readonly wallSeconds: number;
  /** Of all threads together: what the work costs on a machine that others use too. */
  readonly cpuSeconds: number;
}

/** Starts measuring this process; the function returned gives the time since then. */
export function startClock(): () => Elapsed {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  return () => {
    const wallSeconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { wallSeconds, cpuSeconds: (user + system) / 1e6 };
  };
}

export function scaled({ wallSeconds, cpuSeconds }: Elapsed, factor: number): Elapsed {
  return { wallSeconds: wallSeconds * factor, cpuSeconds: cpuSeconds * factor };
}
