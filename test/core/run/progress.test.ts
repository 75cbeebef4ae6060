import { expect, test } from 'vitest';
import { createProgress } from '../../../core/run/progress.js';

function recorder(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  return {
    written,
    // The terminal bar also moves the cursor; those calls carry no text.
    stream: {
      isTTY,
      columns: 200,
      write: (text: string) => written.push(text),
      on: () => {},
      cursorTo: () => {},
      clearLine: () => {},
      moveCursor: () => {},
    },
    now: () => time,
    advance: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

test('without a terminal: plain lines with the time left, further and further apart, and a last one', () => {
  const { written, stream, now, advance } = recorder(false);
  const progress = createProgress({ label: 'posterior', total: 1000, stream, now });
  for (let step = 1; step <= 400; step++) {
    advance(1);
    progress.update(step, step % 2 === 0 ? { loss: 1 / step, auroc: undefined } : undefined);
  }
  progress.note('saved');
  progress.finish();
  expect(written[0]).toBe('posterior: 5/1000 (0 %), 16 min 35 s left, loss 0.25\n');
  expect(written.at(-1)).toBe('posterior: 400/1000 (40 %), 6 min 40 s taken, loss 0.0025\n');
  expect(written.at(-2)).toBe('saved\n');
  expect(written.length).toBeGreaterThan(8);
  expect(written.length).toBeLessThan(16);
});

test('the time left counts only the steps of this session', () => {
  const { written, stream, now, advance } = recorder(false);
  const progress = createProgress({ label: 'train', total: 100, start: 90, stream, now });
  advance(10);
  progress.update(95);
  expect(written).toEqual(['train: 95/100 (95 %), 10 s left\n']);
});

test('a job of no steps ends with one line', () => {
  const { written, stream, now } = recorder(false);
  createProgress({ label: 'nothing', total: 0, stream, now }).finish();
  expect(written).toEqual(['nothing: 0/0 (100 %), 0.0 s taken\n']);
});

test('on a terminal: a bar with steps and figures, and notes on lines of their own', () => {
  const { written, stream, now, advance } = recorder(true);
  const progress = createProgress({ label: 'train', total: 10, stream, now });
  advance(2);
  progress.update(5, { loss: 0.5 });
  progress.note('saved');
  progress.finish();
  const text = written.join('');
  expect(text).toContain('train ');
  expect(text).toContain('50 % 5/10 2.0 s left, loss 0.5');
  expect(text).toContain('saved\n');
});

test('quiet prints nothing', () => {
  const { written, stream, now, advance } = recorder(true);
  const progress = createProgress({ label: 'train', total: 10, stream, now, quiet: true });
  advance(100);
  progress.update(5);
  progress.note('x');
  progress.finish();
  expect(written).toEqual([]);
});
