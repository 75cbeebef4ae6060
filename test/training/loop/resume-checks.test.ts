import { describe, expect, test } from 'vitest';
import { checkResumes } from '../../../training/loop/resume-checks.js';

const stored = { seed: 1, backend: { threads: 2 }, learner: { steps: 8, rates: [0.1, 0.2], head: { kind: 'single' } } };
const learner = { steps: 8, length: { option: 'learner.steps' } };

/** Resumes at step 5 with a changed configuration. */
const resume =
  (config: object, own: Parameters<typeof checkResumes>[0] = learner) =>
  () =>
    checkResumes(own, { ...stored, ...config }, { folder: 'runs/a', config: stored, step: 5 });
const changed = (option: object) => resume({ learner: { ...stored.learner, ...option } });

describe('what a run goes on with', () => {
  test('its own settings, on any backend and for any evaluation', () => {
    expect(resume({})).not.toThrow();
    expect(resume({ backend: { name: 'wasm' }, evaluation: { systems: 3 } })).not.toThrow();
  });

  test('as they are once written down: an option that is undefined is none', () => {
    expect(changed({ optional: undefined })).not.toThrow();
  });

  test.each([
    ['seed', resume({ seed: 2 })],
    ['learner.rates', changed({ rates: [0.1, 0.3] })],
    ['learner.head.kind', changed({ head: { kind: 'subset' } })],
    ['learner.extra', changed({ extra: 1 })],
    ['learner', resume({ learner: undefined })],
  ])('another %s is named', (option, run) => {
    expect(run).toThrow(
      expect.objectContaining({
        code: 'E_CONFIG',
        message: expect.stringContaining(`runs/a: the run was started with another '${option}'`),
      }),
    );
  });
});

describe('another end', () => {
  const until = (steps: number, fixedBy?: string) =>
    resume({ learner: { ...stored.learner, steps } }, { steps, length: { option: 'learner.steps', fixedBy } });

  test('is allowed while it is ahead', () => {
    expect(until(6)).not.toThrow();
    expect(until(20)).not.toThrow();
  });

  test('is refused behind what is done, and where something depends on it', () => {
    expect(until(5)).toThrow('has done 5 steps, so learner.steps=5 is behind it; ask for more than 5');
    expect(until(20, 'rate=cosine')).toThrow('learner.steps=8, and rate=cosine depends on that end; resume with 8');
  });
});
