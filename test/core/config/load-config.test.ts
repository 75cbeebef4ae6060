import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ConfigSource, loadConfig } from '../../../core/config/load-config.js';
import { presetFolder } from '../../../core/config/preset-folder.js';

const Schema = z
  .strictObject({
    seed: z.int().min(0).default(1),
    environment: z
      .discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('linear-scm'),
          variables: z.int().min(1).default(5),
          noise: z.enum(['gaussian', 'laplace']).default('gaussian'),
        }),
        z.strictObject({ kind: z.literal('sergio'), cells: z.int() }),
      ])
      .prefault({ kind: 'linear-scm' }),
    training: z
      .strictObject({
        batchSize: z.int().min(1).default(64),
        learningRate: z.number().gt(0).lte(1).default(1e-3),
        layers: z.array(z.int().min(1)).min(1).default([32, 32]),
        targetEntropy: z.union([z.number(), z.literal('auto')]).default('auto'),
        clip: z.number().nullable().default(null),
        weights: z.record(z.string(), z.number()).default({}),
        nested: z.strictObject({ flag: z.boolean().default(false) }).prefault({}),
      })
      .prefault({}),
  })
  .refine(({ seed }) => seed !== 13, { path: ['seed'], message: 'thirteen is reserved' });

const load = (text: string, overrides: string[] = [], presets: Record<string, string> = {}) =>
  loadConfig({
    schema: Schema,
    preset: { text, source: 'run.yaml' },
    overrides,
    resolvePreset: (name): ConfigSource => ({ text: presets[name] ?? '', source: `${name}.yaml` }),
  });
const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    expect(error).toMatchObject({ code: 'E_CONFIG' });
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

describe('resolution', () => {
  test('defaults alone', () => {
    const config = loadConfig({ schema: Schema });
    expect(config).toEqual(Schema.parse({}));
    expect(config.environment).toEqual({ kind: 'linear-scm', variables: 5, noise: 'gaussian' });
  });

  test('text, then overrides, with YAML values', () => {
    const config = load('seed: 3\ntraining:\n  batchSize: 8\n  layers: [1, 2, 3]\n', [
      'training.batchSize=256',
      'training.layers=[4]',
      'training.nested.flag=true',
      'training.learningRate=1e-2',
      'training.clip=null',
      'training.weights={a: 1, b: 2.5}',
      'environment.noise=laplace',
    ]);
    expect(config.seed).toBe(3);
    expect(config.environment).toMatchObject({ noise: 'laplace' });
    expect(config.training).toEqual({
      batchSize: 256,
      learningRate: 0.01,
      layers: [4],
      targetEntropy: 'auto',
      clip: null,
      weights: { a: 1, b: 2.5 },
      nested: { flag: true },
    });
  });

  test('of equal overrides the last one counts, and a value may contain "="', () => {
    expect(load('', ['seed=1', 'seed=2']).seed).toBe(2);
    expect(messageOf(() => load('', ['environment.noise=a=b']))).toContain("got the text 'a=b'");
  });

  test('extends joins groups, replaces lists and reaches through several presets', () => {
    const config = load('extends: middle\ntraining: {batchSize: 3}\n', [], {
      middle: 'extends: bottom\ntraining: {layers: [9], batchSize: 2}\n',
      bottom: 'seed: 5\ntraining: {layers: [7, 7], learningRate: 0.5, nested: {flag: true}}\n',
    });
    expect(config.seed).toBe(5);
    expect(config.training).toMatchObject({ batchSize: 3, layers: [9], learningRate: 0.5, nested: { flag: true } });
  });

  test('another kind drops the options of the old one, in whatever order overrides come', () => {
    const presets = { base: 'environment: {kind: linear-scm, variables: 30}\n' };
    expect(load('extends: base\nenvironment: {kind: sergio, cells: 4}\n', [], presets).environment).toEqual({
      kind: 'sergio',
      cells: 4,
    });
    const overrides = ['environment.cells=4', 'environment.kind=sergio'];
    for (const order of [overrides, overrides.toReversed()])
      expect(load('extends: base\n', order, presets).environment).toEqual({ kind: 'sergio', cells: 4 });
    expect(load('', ['environment.kind=sergio', 'environment.cells=3']).environment).toEqual({
      kind: 'sergio',
      cells: 3,
    });
    expect(load('extends: base\n', ['environment.kind=linear-scm'], presets).environment).toMatchObject({
      variables: 30,
    });
  });

  test('a group written in part is completed by its own default', () => {
    expect(load('environment: {noise: laplace}\n').environment).toEqual({
      kind: 'linear-scm',
      variables: 5,
      noise: 'laplace',
    });
    const schema = z.strictObject({ size: z.strictObject({ a: z.int(), b: z.int() }).default({ a: 1, b: 2 }) });
    expect(loadConfig({ schema, overrides: ['size.b=5'] })).toEqual({ size: { a: 1, b: 5 } });
  });

  test('any number and list given as an override arrives unchanged', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true }),
        fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1 }),
        (rate, layers) => {
          const overrides = [`training.learningRate=${rate}`, `training.layers=${JSON.stringify(layers)}`];
          expect(load('', overrides).training).toMatchObject({ learningRate: rate, layers });
        },
      ),
    );
  });
});

describe('each problem has one line with its place', () => {
  test.each<[string, string, string]>([
    [
      'a misspelt key',
      'seed: 1\ntraining:\n  batchsize: 3\n',
      "run.yaml:3:3: unknown option 'training.batchsize'; did you mean 'training.batchSize'?",
    ],
    [
      'a key of another group',
      'batchSize: 3\n',
      "run.yaml:1:1: unknown option 'batchSize'; did you mean 'training.batchSize'?",
    ],
    [
      'a key like nothing known',
      'zzzzzz: 3\n',
      "run.yaml:1:1: unknown option 'zzzzzz'; known here: seed, environment, training",
    ],
    [
      'a key of the other kind',
      'environment:\n  kind: sergio\n  cells: 2\n  noise: laplace\n',
      "run.yaml:4:3: unknown option 'environment.noise'; it belongs to another kind; known here: kind, cells",
    ],
    [
      'a text for a number',
      'training:\n  batchSize: many\n',
      "run.yaml:2:14: option 'training.batchSize' must be a number, got the text 'many'",
    ],
    ['a fraction for a whole number', 'seed: 1.5\n', "run.yaml:1:7: option 'seed' must be a whole number, got 1.5"],
    ['a quoted number', "seed: '1'\n", "run.yaml:1:7: option 'seed' must be a number, got the text '1'"],
    [
      'a number that is none',
      'training: {learningRate: .nan}\n',
      "run.yaml:1:26: option 'training.learningRate' must be a number, got NaN",
    ],
    ['too small', 'seed: -1\n', "run.yaml:1:7: option 'seed' must be at least 0, got -1"],
    ['not above', 'training: {learningRate: 0}\n', "option 'training.learningRate' must be greater than 0, got 0"],
    ['too large', 'training: {learningRate: 2}\n', "option 'training.learningRate' must be at most 1, got 2"],
    [
      'a wrong entry',
      'training:\n  layers:\n    - 1\n    - x\n',
      "run.yaml:4:7: option 'training.layers.1' must be a number, got the text 'x'",
    ],
    ['an empty list', 'training: {layers: []}\n', "option 'training.layers' must have at least 1 entries, got a list"],
    ['a value for a group', 'training: 5\n', "run.yaml:1:11: option 'training' must be a group of options, got 5"],
    ['a group for a value', 'seed: {a: 1}\n', "option 'seed' must be a number, got a group of options"],
    ['nothing', 'seed:\n', "option 'seed' must be a number, got nothing"],
    [
      'a misspelt choice',
      'environment: {noise: laplase, kind: linear-scm}\n',
      "option 'environment.noise' must be one of 'gaussian', 'laplace', got the text 'laplase'; did you mean 'laplace'?",
    ],
    [
      'a misspelt kind',
      'environment:\n  kind: linear\n',
      "run.yaml:2:9: option 'environment.kind' must be one of 'linear-scm', 'sergio', got the text 'linear'",
    ],
    [
      'a key of the kind that is not the default',
      'environment: {cells: 1}\n',
      "unknown option 'environment.cells'; it belongs to another kind; known here: kind, variables, noise",
    ],
    [
      'a missing option',
      'environment: {kind: sergio}\n',
      "run.yaml:1:14: option 'environment.cells' is required and must be a number",
    ],
    [
      'a union',
      'training: {targetEntropy: high}\n',
      "option 'training.targetEntropy' must be a number or 'auto', got the text 'high'",
    ],
    ['a rule of its own', 'seed: 13\n', "run.yaml:1:7: option 'seed' is not valid: thirteen is reserved"],
    ['a list at the top', '- 1\n', 'run.yaml:1:1: a configuration must consist of `option: value` lines'],
    ['a key twice', 'seed: 1\nseed: 2\n', 'run.yaml:2:1: not valid YAML: Map keys must be unique'],
    ['broken YAML', 'seed: [1\n', 'not valid YAML'],
    ['a tag', 'seed: !!js/function "x"\n', 'not valid YAML: Unresolved tag'],
    [
      'an alias',
      'seed: &a 1\ntraining: {batchSize: *a}\n',
      'run.yaml:2:23: aliases (*name) are not allowed; repeat the value',
    ],
    ['a list as a name', '? [a]\n: 1\n', 'the name of an option must be plain text'],
    ['__proto__', '__proto__: {seed: 1}\n', "unknown option '__proto__'"],
  ])('%s', (_, text, sentence) => {
    expect(messageOf(() => load(text)).split('\n')).toEqual([expect.stringContaining(sentence)]);
  });

  test('all problems are listed', () => {
    const message = messageOf(() => load('sed: 1\nseed: x\ntraining:\n  layers: [0]\n', ['training.clip=no']));
    expect(message.split('\n')).toEqual([
      "run.yaml:1:1: unknown option 'sed'; did you mean 'seed'?",
      "run.yaml:2:7: option 'seed' must be a number, got the text 'x'",
      "run.yaml:4:12: option 'training.layers.0' must be at least 1, got 0",
      expect.stringMatching(/^--set training\.clip=no: option 'training\.clip' must be/),
    ]);
  });

  test.each<[string, string]>([
    ['seed', '--set seed: an override is written as option=value, for example learner.batchSize=256'],
    ['=3', '--set =3: an override is written as option=value'],
    ['training..x=3', '--set training..x=3: an override is written as option=value'],
    ['seed=[1', "--set seed=[1: option 'seed' is not valid YAML"],
    ['seed=x', "--set seed=x: option 'seed' must be a number, got the text 'x'"],
    ['sead=1', "--set sead=1: unknown option 'sead'; did you mean 'seed'?"],
    ['seed.x=1', "--set seed.x=1: option 'seed' must be a number, got a group of options"],
    ['training.layers.0=1', "option 'training.layers' must be a list, got a group of options"],
    ['environment.kind=sergio', "--set environment.kind=sergio: option 'environment.cells' is required"],
    ['__proto__.x=1', "--set __proto__.x=1: unknown option '__proto__'"],
  ])('override %s', (override, sentence) => {
    expect(messageOf(() => load('', [override]))).toContain(sentence);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('a kind that is missing', () => {
    const schema = z.strictObject({
      shape: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('round') }),
        z.strictObject({ kind: z.literal('square') }),
      ]),
    });
    const withText = (text: string) => () => loadConfig({ schema, preset: { text, source: 's' } });
    expect(messageOf(withText('shape: {}'))).toBe(
      "s:1:8: option 'shape.kind' is required and must be one of 'round', 'square'",
    );
    expect(messageOf(withText(''))).toBe("s: option 'shape' is required and must be a group of options");
  });

  test('presets that extend each other, and extends that is no name', () => {
    expect(messageOf(() => load('extends: a\n', [], { a: 'extends: b\n', b: 'extends: a\n' }))).toBe(
      'run.yaml: presets extend each other in a circle: run.yaml -> a.yaml -> b.yaml -> a.yaml',
    );
    expect(messageOf(() => load('extends: [a]\n'))).toBe("run.yaml:1:10: 'extends' must be the name of one preset");
    expect(messageOf(() => loadConfig({ schema: Schema, preset: { text: 'extends: a', source: 's' } }))).toContain(
      "'extends' is not available",
    );
  });

  test('a problem inside an extended preset is located there', () => {
    expect(messageOf(() => load('extends: base\nseed: 1\n', [], { base: '\ntraining: {batchSize: x}\n' }))).toContain(
      'base.yaml:2:23: ',
    );
  });

  test('a schema that would drop unknown options is the programmer’s mistake', () => {
    const loose = z.strictObject({ a: z.object({ b: z.number().default(1) }) });
    expect(() => loadConfig({ schema: loose, preset: { text: 'a: {c: 1}', source: 's' } })).toThrow(
      "the configuration schema at 'a' would drop unknown options; declare it with z.strictObject",
    );
  });
});

describe('files and preset folders', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'causal-pilot-config-'));
    mkdirSync(join(folder, 'presets'));
    writeFileSync(join(folder, 'presets', 'quickstart.yaml'), 'seed: 42\n');
    writeFileSync(join(folder, 'presets', 'large.yaml'), 'extends: quickstart\ntraining: {batchSize: 9}\n');
    writeFileSync(join(folder, 'presets', 'notes.txt'), '');
    writeFileSync(join(folder, 'mine.yaml'), 'extends: ./base.yaml\n');
    writeFileSync(join(folder, 'base.yaml'), 'extends: large\nseed: 7\n');
    writeFileSync(join(folder, 'wrong.yaml'), '\nextends: quickstrat\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const fromFile = (name: string) =>
    loadConfig({
      schema: Schema,
      file: join(folder, name),
      resolvePreset: presetFolder(join(folder, 'presets')).resolve,
    });

  test('a file extends a file beside it, which extends presets', () => {
    expect(fromFile('mine.yaml')).toMatchObject({ seed: 7, training: { batchSize: 9 } });
    expect(presetFolder(join(folder, 'presets')).names()).toEqual(['large', 'quickstart']);
  });

  test('missing files and presets', () => {
    expect(messageOf(() => fromFile('none.yaml'))).toBe(
      `${join(folder, 'none.yaml')}: the configuration cannot be read: the file does not exist`,
    );
    expect(messageOf(() => fromFile('wrong.yaml'))).toBe(
      `${join(folder, 'wrong.yaml')}:2:10: there is no preset 'quickstrat'; did you mean 'quickstart'?`,
    );
    expect(messageOf(() => presetFolder(join(folder, 'presets')).read('../mine'))).toBe(
      "there is no preset '../mine'; known presets: large, quickstart",
    );
  });
});

describe('options of earlier versions', () => {
  const renaming = z
    .strictObject({
      learner: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('fast'), rate: z.number().default(1), steps: z.int() }),
        z.strictObject({ kind: z.literal('slow'), patience: z.int().default(2) }),
      ]),
    })
    .meta({ renamed: { training: 'learner', fast: 'learner' } });
  const messageFor = (text: string, overrides: string[] = []): string => {
    try {
      loadConfig({ schema: renaming, preset: { text, source: 'old.yaml' }, overrides });
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };

  test('each is named with its place and what it is called now', () => {
    const text = 'learner: { kind: slow }\ntraining:\n  rate: 2\n  steps: 3\n';
    expect(messageFor(text, ['fast.steps=1'])).toBe(
      [
        "old.yaml:3:3: option 'training.rate' is called 'learner.rate' now",
        "old.yaml:4:3: option 'training.steps' is called 'learner.steps' now",
        "--set fast.steps=1: option 'fast.steps' is called 'learner.steps' now",
      ].join('\n'),
    );
  });

  test('a kind given by its name alone is told how a group is written', () => {
    expect(messageFor('learner: fast\n')).toBe(
      "old.yaml:1:10: option 'learner' is a group of options; write learner.kind=fast or learner: { kind: fast }",
    );
    expect(messageFor('learner: { kind: slow }')).toBe('accepted');
  });

  test('another kind drops the options of the first one', () => {
    const learner = loadConfig({
      schema: renaming,
      preset: { text: 'learner: { kind: fast, steps: 3 }', source: 'old.yaml' },
      overrides: ['learner.kind=slow'],
    });
    expect(learner).toEqual({ learner: { kind: 'slow', patience: 2 } });
  });
});
