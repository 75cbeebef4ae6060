import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { readCheckpoint, writeCheckpoint } from '../../../core/checkpoint/manifest.js';
import { defineMetrics } from '../../../core/run/metrics.js';
import { readMetrics, readRunConfig, readRunRecord } from '../../../core/run/run-folder.js';
import type { Learner, TrainingIo } from '../../../training/loop/learner.js';
import { runLearner } from '../../../training/loop/learning-loop.js';

const METRICS = defineMetrics({ loss: 'distance to the goal', score: 'minus the loss' });

/** Halves a number at every step; its score is best in the middle of the run. */
class HalvingLearner implements Learner<typeof METRICS> {
  readonly kind = 'halving';
  readonly label = 'halving';
  readonly metrics = METRICS;
  readonly shown = ['loss'] as const;
  steps = 6;
  length: Learner<typeof METRICS>['length'] = { option: 'size.steps' };
  readonly schedule = { logEvery: 1, validateEvery: 2, saveEvery: 3 };
  readonly value = Float64Array.of(64);
  readonly saved: string[] = [];

  constructor(readonly onStep: (index: number) => void = () => {}) {}

  async step(index: number) {
    this.onStep(index);
    this.value[0]! /= 2;
    const loss = index === 4 && this.value[0] === 0 ? Number.NaN : this.value[0]!;
    return { metrics: { loss }, gradientSteps: 2 };
  }
  async validate() {
    return { score: -Math.abs(this.value[0]! - 4), metrics: { score: this.value[0]! } };
  }
  async saveModel(folder: string) {
    writeFileAtomic(join(folder, 'model.txt'), String(this.value[0]));
    this.saved.push(`${folder.split('/').at(-1)}=${this.value[0]}`);
  }
  model() {
    return this.state().weights;
  }
  state() {
    return { weights: new Map([['value', { shape: [1], data: this.value }]]) };
  }
  restore({ weights }: ReturnType<HalvingLearner['state']>) {
    this.value.set(weights!.get('value')!.data as Float64Array);
  }
}

let folder: string;
const interrupt = { requested: false };
const io = (resume = false): TrainingIo => ({ folder, resume, interrupt, quiet: true, backend: 'cpu' });
const config = { seed: 3, size: { rows: 4 }, backend: { threads: 1 } };
const run = (learner: HalvingLearner, resume = false, own = config) =>
  runLearner({ learner: learner as unknown as Learner<typeof METRICS>, config: own, io: io(resume) });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'learning-loop-'));
  interrupt.requested = false;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('runLearner', () => {
  test('runs to the end, keeps the best and the last model and every metric', async () => {
    const learner = new HalvingLearner();
    const result = await run(learner);
    expect(result).toMatchObject({ status: 'finished', step: 6, metrics: { score: 4 } });
    expect(learner.saved.filter((name) => name.startsWith('best'))).toEqual(['best=16', 'best=4']);
    expect(learner.saved.at(-1)).toBe('last=1');
    const losses = readMetrics(folder).flatMap((line) => (line.loss === undefined ? [] : [line.loss]));
    expect(losses).toEqual([32, 16, 8, 4, 2, 1]);
    expect(readRunRecord(folder).status).toBe('finished');
  });

  test('interrupted, it saves and stops; resumed, it ends where the straight run ends', async () => {
    const first = await run(
      new HalvingLearner((index) => {
        interrupt.requested = index === 3;
      }),
    );
    expect(first).toMatchObject({ status: 'interrupted', step: 4 });
    expect(readRunRecord(folder).status).toBe('interrupted');
    interrupt.requested = false;
    const second = new HalvingLearner();
    expect(await run(second, true)).toMatchObject({ status: 'finished', step: 6, metrics: { score: 4 } });
    expect(second.value[0]).toBe(1);
    expect(readMetrics(folder).flatMap((line) => line.loss ?? [])).toEqual([32, 16, 8, 4, 2, 1]);
  });

  test('killed between saves, it continues from the last save without doubling metrics', async () => {
    const killed = new HalvingLearner((index) => {
      if (index === 4) throw new Error('killed');
    });
    await expect(run(killed)).rejects.toThrow('killed');
    const second = new HalvingLearner();
    await run(second, true);
    expect(second.value[0]).toBe(1);
    expect(readMetrics(folder).flatMap((line) => line.loss ?? [])).toEqual([32, 16, 8, 4, 2, 1]);
  });

  test('a finished run, resumed, does nothing and reports the same', async () => {
    const first = await run(new HalvingLearner());
    expect(await run(new HalvingLearner(), true)).toEqual(first);
  });

  test('refuses to resume with other settings, but not on another backend or for another evaluation', async () => {
    await run(new HalvingLearner());
    await expect(run(new HalvingLearner(), true, { ...config, size: { rows: 5 } })).rejects.toThrow(
      /started with another 'size\.rows'/,
    );
    const elsewhere = { ...config, backend: { threads: 2 }, evaluation: { systems: 9 } };
    await expect(run(new HalvingLearner(), true, elsewhere)).resolves.toBeDefined();
  });

  test('a number that is not finite stops the run with its step and a dump', async () => {
    const learner = new HalvingLearner((index) => {
      if (index === 4) learner.value[0] = 0;
    });
    await expect(run(learner)).rejects.toThrow(/step 4: 'loss' is NaN.*state written to .*dump-step-4/);
    expect(readdirSync(join(folder, 'dump-step-4')).sort()).toEqual(['dump.json', 'tensors.safetensors']);
    expect(readRunRecord(folder).status).toBe('failed');
  });

  test('refuses a folder that is in use', async () => {
    writeFileAtomic(join(folder, 'notes.txt'), 'mine');
    await expect(run(new HalvingLearner())).rejects.toThrow(/not empty/);
    expect(existsSync(join(folder, 'run.json'))).toBe(false);
  });
});

describe('a run that goes on', () => {
  const longer = (steps: number, fixedBy?: string) => {
    const learner = new HalvingLearner();
    learner.steps = steps;
    if (fixedBy !== undefined) learner.length = { option: 'size.steps', fixedBy };
    return learner;
  };
  const sized = (steps: number) => ({ ...config, size: { rows: 4, steps } });

  test('a finished run is given more steps, and is what a longer run would have been', async () => {
    await run(longer(6), false, sized(6));
    const result = await run(longer(10), true, sized(10));
    expect(result).toMatchObject({ status: 'finished', step: 10, gradientSteps: 20 });
    const losses = readMetrics(folder).flatMap((line) => line.loss ?? []);
    expect(losses).toEqual(Array.from({ length: 10 }, (_, step) => 64 / 2 ** (step + 1)));
    expect(readRunConfig(folder, z.looseObject({}))).toEqual(sized(10));
    // And again, from the configuration that it has now.
    expect(await run(longer(11), true, sized(11))).toMatchObject({ step: 11 });
  });

  test('not where something depends on the end, nor to an end that is past', async () => {
    await run(longer(6), false, sized(6));
    await expect(run(longer(10, 'a cosine'), true, sized(10))).rejects.toThrow(
      /started with size\.steps=6, and a cosine depends on that end; resume with 6, or start a new run with 10/,
    );
    await expect(run(longer(6, 'a cosine'), true, sized(6))).resolves.toMatchObject({ step: 6 });
    await expect(run(longer(4), true, sized(4))).rejects.toThrow(
      /has done 6 steps, so size\.steps=4 is behind it; ask for more than 6/,
    );
  });

  test('is bound to its inputs, and records which backend did which steps', async () => {
    const posterior = (identity: string) => ({ posterior: { source: 'runs/posterior', identity } });
    const start = (own: Partial<TrainingIo>) =>
      runLearner({
        learner: new HalvingLearner((index) => {
          interrupt.requested = index === 3;
        }) as unknown as Learner<typeof METRICS>,
        config,
        io: { ...io(), ...own },
      });
    await start({ inputs: posterior('aaa'), backend: 'native' });
    interrupt.requested = false;
    const weights = readFileSync(join(folder, 'checkpoints/resume/weights.safetensors'));
    await expect(start({ resume: true, inputs: posterior('bbb') })).rejects.toThrow(/started with another posterior/);
    await expect(start({ resume: true })).rejects.toThrow(/started with another posterior .* none that is known/);
    expect(readFileSync(join(folder, 'checkpoints/resume/weights.safetensors'))).toEqual(weights);
    await start({ resume: true, inputs: posterior('aaa'), backend: 'wasm' });
    expect(readRunRecord(folder)).toMatchObject({
      status: 'finished',
      backend: 'native',
      inputs: posterior('aaa'),
      resumed: [{ step: 4, backend: 'wasm' }],
    });
  });
});

describe('what was learned', () => {
  /** Makes gradient steps from `start` on; moves its weight only if it `learns`. */
  class LateLearner extends HalvingLearner {
    readonly cards: object[] = [];
    constructor(
      readonly start: number,
      readonly learns = true,
    ) {
      super();
    }
    override async step(index: number) {
      const gradientSteps = index >= this.start ? 2 : 0;
      if (gradientSteps > 0 && this.learns) this.value[0]! /= 2;
      return { metrics: { loss: this.value[0]! }, gradientSteps };
    }
    override async saveModel(path: string, card?: object) {
      await super.saveModel(path);
      this.cards.push({ name: path.split('/').at(-1), ...card });
    }
  }

  test('gradient steps are counted, over a resumption too, and written into the cards', async () => {
    const learner = new LateLearner(0);
    const stopping = new HalvingLearner((index) => {
      interrupt.requested = index === 3;
    });
    expect(await run(stopping)).toMatchObject({ gradientSteps: 8, changed: { last: true, best: true } });
    interrupt.requested = false;
    expect(await run(learner, true)).toMatchObject({ gradientSteps: 12, changed: { last: true, best: true } });
    expect(learner.cards.at(-1)).toMatchObject({ name: 'last', step: 6, gradientSteps: 12, weightsChanged: true });
  });

  test('a best checkpoint from before the first gradient step is not called changed', async () => {
    const learner = new LateLearner(5);
    learner.value[0] = 4;
    expect(await run(learner)).toMatchObject({ gradientSteps: 2, changed: { last: true, best: false } });
    const { name, ...card } = learner.cards[0] as { name: string };
    expect([name, card]).toEqual(['best', { step: 2, metrics: { score: 4 }, gradientSteps: 0, weightsChanged: false }]);
  });

  test('gradient steps that move no weight change nothing', async () => {
    const result = await run(new LateLearner(0, false));
    expect(result).toMatchObject({ gradientSteps: 12, changed: { last: false, best: false } });
  });
});

describe('processor time', () => {
  /** A step takes a minute of two threads, a validation an hour. */
  class TimedLearner extends HalvingLearner {
    constructor(
      readonly clock: { user: number; system: number },
      onStep?: (index: number) => void,
    ) {
      super(onStep);
    }
    override step(index: number) {
      this.clock.user += 100e6;
      this.clock.system += 20e6;
      return super.step(index);
    }
    override validate() {
      this.clock.user += 3600e6;
      return super.validate();
    }
  }

  function startClock() {
    // A process of its own has used some time before training starts.
    const clock = { user: 7e6, system: 3e6 };
    vi.spyOn(process, 'cpuUsage').mockImplementation((before) => ({
      user: clock.user - (before?.user ?? 0),
      system: clock.system - (before?.system ?? 0),
    }));
    return clock;
  }

  const minutes = () => readMetrics(folder).map((line) => [line.step, line['time/processorMinutes']]);

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('every line of metrics has that of the steps so far, without validation', async () => {
    await run(new TimedLearner(startClock()));
    const expected = [1, 2, 2, 3, 4, 4, 5, 6, 6].map((step) => [step, 2 * step]);
    expect(minutes()).toEqual(expected);
    expect(readRunRecord(folder).metrics['time/processorMinutes']).toMatch(/processor time .* validation and saving/);
  });

  test('stopped and resumed, it goes on from where it was', async () => {
    const stop = (index: number) => {
      interrupt.requested = index === 3;
    };
    await run(new TimedLearner(startClock(), stop));
    interrupt.requested = false;
    await run(new TimedLearner(startClock()), true);
    expect(minutes().at(-1)).toEqual([6, 12]);
  });

  test('killed between saves, the lost steps do not count twice', async () => {
    const kill = (index: number) => {
      if (index === 4) throw new Error('killed');
    };
    await expect(run(new TimedLearner(startClock(), kill))).rejects.toThrow('killed');
    await run(new TimedLearner(startClock()), true);
    expect(minutes().at(-1)).toEqual([6, 12]);
  });

  test('a checkpoint from before it was measured resumes, and counts from there on', async () => {
    const stop = (index: number) => {
      interrupt.requested = index === 3;
    };
    await run(new TimedLearner(startClock(), stop));
    interrupt.requested = false;
    const resumable = join(folder, 'checkpoints', 'resume');
    const metadata = z.looseObject({ processorSeconds: z.number() });
    const stored = readCheckpoint(resumable, { kind: 'halving', config: z.unknown(), metadata });
    const { processorSeconds, ...earlier } = stored.metadata;
    expect(processorSeconds).toBe(480);
    await writeCheckpoint(resumable, { ...stored, kind: 'halving', metadata: earlier });
    await run(new TimedLearner(startClock()), true);
    expect(minutes().at(-1)).toEqual([6, 4]);
  });
});
