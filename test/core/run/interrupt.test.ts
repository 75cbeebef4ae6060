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

test('dispose gives the signals back', () => {
  const before = process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  const watcher = new InterruptWatcher();
  expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(before + 2);
  watcher.dispose();
  expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(before);
});
