import { expect, test, vi } from 'vitest';
import { InterruptWatcher } from '../../../core/run/interrupt.js';

test.each(['SIGINT', 'SIGTERM'] as const)('%s sets the flag, a second signal exits with 130', (signal) => {
  const exit = vi.fn();
  const onRequest = vi.fn();
  const watcher = new InterruptWatcher({ exit, onRequest });
  try {
    expect(watcher.requested).toBe(false);
    process.emit(signal, signal);
    expect(watcher.requested).toBe(true);
    expect(watcher.signal).toBe(signal);
    expect(onRequest).toHaveBeenCalledExactlyOnceWith(signal);
    expect(exit).not.toHaveBeenCalled();
    process.emit('SIGINT', 'SIGINT');
    expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  } finally {
    watcher.dispose();
  }
});

test.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const)(
  '%s sets the flag; however often it comes, the work is saved',
  (signal) => {
    const exit = vi.fn();
    const watcher = new InterruptWatcher({ exit });
    try {
      for (let times = 0; times < 3; times++) process.emit(signal, signal);
      expect(watcher.signal).toBe(signal);
      // What a scheduler sends at the end of the warning time; then the person at the terminal.
      process.emit('SIGTERM', 'SIGTERM');
      expect(exit).not.toHaveBeenCalled();
      process.emit('SIGINT', 'SIGINT');
      expect(exit).toHaveBeenCalledExactlyOnceWith(130);
    } finally {
      watcher.dispose();
    }
  },
);

test('a process that is left by the one that keeps a channel to it stops', () => {
  const watcher = new InterruptWatcher({ exit: vi.fn() });
  try {
    process.emit('disconnect');
    expect(watcher.requested).toBe(true);
  } finally {
    watcher.dispose();
  }
});

test('a real signal is caught', async () => {
  const watcher = new InterruptWatcher({ exit: vi.fn() });
  try {
    const received = new Promise((resolve) => process.once('SIGTERM', resolve));
    process.kill(process.pid, 'SIGTERM');
    await received;
    expect(watcher.signal).toBe('SIGTERM');
  } finally {
    watcher.dispose();
  }
});

const listeners = () =>
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'].reduce(
    (sum, name) => sum + process.listenerCount(name),
    0,
  );

test('dispose gives the signals back', () => {
  const before = listeners();
  const watcher = new InterruptWatcher();
  expect(listeners()).toBe(before + 6);
  watcher.dispose();
  expect(listeners()).toBe(before);
});
