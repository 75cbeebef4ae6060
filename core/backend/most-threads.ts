/** Threads or workers at most: more than any machine has cores; the system ends a process that starts tens of thousands. */
export const MOST_THREADS = 1024;
