#!/usr/bin/env node

/** What shells report of a process that SIGUSR1 ended. */
const ENDED_BY_SIGUSR1 = 138;

// Without a listener this signal opens Node's inspector, on a port that every user of the machine can reach. Commands that
// have something to save listen too; the others end, as programs do that do not know the signal.
if (process.platform !== 'win32')
  process.on('SIGUSR1', () => {
    if (process.listenerCount('SIGUSR1') === 1) process.exit(ENDED_BY_SIGUSR1);
  });

// A reader that closes the pipe early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  if (error.code !== 'EIO') throw error;
});

// Nor is a terminal or a parent that is gone: what is being saved matters more than who reads of it.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
});

const { runCommandLine } = await import('./program.js');
process.exitCode = await runCommandLine(process.argv.slice(2));

// Makes this file a module, so that it may wait at its top.
export {};
