export interface QueueOptions<Job> {
  /** Jobs that run at the same time. */
  readonly workers: number;
  /** No further job is begun once this is true. */
  readonly stopped: () => boolean;
  readonly run: (job: Job) => Promise<void>;
}

/** Runs jobs in order, several at a time. A job that rejects stops the queue; what already runs is waited for. */
export async function runQueue<Job>(jobs: readonly Job[], { workers, stopped, run }: QueueOptions<Job>): Promise<void> {
  const waiting = [...jobs];
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (failure === undefined && !stopped()) {
      const job = waiting.shift();
      if (job === undefined) return;
      try {
        await run(job);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  if (failure !== undefined) throw failure.error;
}
