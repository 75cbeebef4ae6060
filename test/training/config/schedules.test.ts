import { describe, expect, test } from 'vitest';
import { dependenceOnEnd, LearningRateSchedule, learningRateAt } from '../../../training/config/schedules.js';

describe('learningRateAt', () => {
  const cosine = LearningRateSchedule.parse({ kind: 'cosine', peak: 2, warmupSteps: 4, finalFactor: 0.1 });

  test('rises linearly, then falls along half a cosine to its final share', () => {
    expect([0, 1, 2, 3].map((step) => learningRateAt(cosine, step, 104))).toEqual([0.5, 1, 1.5, 2]);
    expect(learningRateAt(cosine, 4, 104)).toBeCloseTo(2, 10);
    expect(learningRateAt(cosine, 54, 104)).toBeCloseTo(2 * 0.55, 10);
    expect(learningRateAt(cosine, 104, 104)).toBeCloseTo(0.2, 10);
    expect(learningRateAt(cosine, 500, 104)).toBeCloseTo(0.2, 10);
  });

  test('constant stays at its peak', () => {
    const constant = LearningRateSchedule.parse({ kind: 'constant', peak: 0.3 });
    expect([0, 7, 1000].map((step) => learningRateAt(constant, step, 10))).toEqual([0.3, 0.3, 0.3]);
  });
});

test('only a cosine ends where the steps do, and the setting that says so is named', () => {
  const schedules = ['cosine', 'constant'].map((kind) => LearningRateSchedule.parse({ kind, peak: 1 }));
  expect(schedules.map((schedule) => dependenceOnEnd('learner.learningRate', schedule))).toEqual([
    'learner.learningRate.kind=cosine',
    undefined,
  ]);
});
