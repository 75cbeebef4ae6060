import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { GraphPosteriorConfig } from '../../../models/posterior/graph-posterior-config.js';
import { PosteriorTrainingConfig } from '../../../training/config/posterior-training-config.js';
import { PosteriorTrainer } from '../../../training/posterior/posterior-trainer.js';
import { capturingCases, spyOnCapture, withoutCapture } from '../capturing-backends.js';

const [COUNT, ROWS, SIZE] = [4, 6, 3];

function makeTrainer(optimizer: 'adam' | 'lamb' = 'adam'): PosteriorTrainer {
  const config = PosteriorTrainingConfig.parse({
    steps: 20,
    batchSize: COUNT,
    optimizer,
    learningRate: { peak: 3e-3 },
    acyclicity: { startStep: 4, every: 2, rate: 0.5 },
  });
  const network = GraphPosteriorConfig.parse({ width: 8, heads: 2, pairs: 1, dropout: 0.2 });
  return new PosteriorTrainer(config, network, new RandomStream('trainer'));
}

/** Random numbers for step `step`, with a padded row in the second dataset. */
function datasets(step: number) {
  const stream = new RandomStream(`datasets/${step}`);
  const rowMask = new Float32Array(COUNT * ROWS).fill(1);
  rowMask[2 * ROWS - 1] = 0;
  return {
    count: COUNT,
    rows: ROWS,
    size: SIZE,
    values: stream.fillNormal(new Float32Array(COUNT * ROWS * SIZE * 2)),
    rowMask,
    graphs: Uint8Array.from({ length: COUNT * SIZE * SIZE }, () => (stream.bernoulli(0.3) ? 1 : 0)),
  };
}

const train = (trainer: PosteriorTrainer, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => trainer.step(from + i, datasets(from + i)));

describe.each([...capturingCases])('posterior training on $name', ({ use }) => {
  beforeEach(async () => {
    await use();
  });
  afterEach(() => vi.restoreAllMocks());

  test.each(['adam', 'lamb'] as const)('replayed steps with %s equal those launched kernel by kernel', (optimizer) => {
    const capture = spyOnCapture();
    const captured = makeTrainer(optimizer);
    const reports = train(captured, 0, 9);
    // Without and with the penalty.
    expect(capture).toHaveBeenCalledTimes(2);
    capture.mockRestore();
    const eager = makeTrainer(optimizer);
    expect(reports).toEqual(withoutCapture(() => train(eager, 0, 9)));
    expect(captured.toArrays()).toEqual(eager.toArrays());
    expect(captured.multiplier).toBeGreaterThan(0);
    captured.dispose();
    eager.dispose();
  });

  test('resumes bit for bit within a run that replays', () => {
    const straight = makeTrainer();
    train(straight, 0, 7);
    const stored = straight.toArrays();
    const reports = train(straight, 7, 10);
    const resumed = makeTrainer();
    resumed.load(stored, 'here');
    expect(train(resumed, 7, 10)).toEqual(reports);
    expect(resumed.toArrays()).toEqual(straight.toArrays());
    straight.dispose();
    resumed.dispose();
  });

  test('a replayed step with a gradient that is not finite moves neither weights nor average', () => {
    const trainer = makeTrainer();
    train(trainer, 0, 7);
    const { parameters } = trainer.model;
    const tooHot = parameters.toArrays();
    tooHot.get('edge/logTemperature')!.data[0] = 1000;
    parameters.load(tooHot, 'here');
    const before = trainer.toArrays();
    const capture = spyOnCapture();
    expect(() => train(trainer, 7, 8)).toThrow(/^Adam.apply: the gradient of parameter '.*' is not finite/);
    expect(capture).not.toHaveBeenCalled();
    expect(trainer.toArrays()).toEqual(before);
    trainer.dispose();
  });
});

describe('PosteriorTrainer', () => {
  test('counts the penalty from its first step on and lets the multiplier rise', async () => {
    await useBackend();
    const trainer = makeTrainer();
    const reports = train(trainer, 0, 8);
    expect(reports.map(({ spectralRadius }) => spectralRadius > 0)).toEqual([0, 0, 0, 0, 1, 1, 1, 1].map(Boolean));
    const rises = [reports[5]!, reports[7]!].reduce((sum, { spectralRadius }) => sum + 0.5 * spectralRadius, 0);
    expect(trainer.multiplier).toBeCloseTo(rises, 12);
    trainer.dispose();
  });
});
