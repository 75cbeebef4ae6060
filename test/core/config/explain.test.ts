import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { configJsonSchema, explainConfig, formatExplanations } from '../../../core/config/explain.js';

const Schema = z.strictObject({
  seed: z.int().min(0).default(1).describe('seed of every stream'),
  name: z.string().describe('name of the run'),
  environment: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('linear-scm'), variables: z.int().min(1).default(5).describe('variables d') }),
      z.strictObject({ kind: z.enum(['sergio', 'sergio-clean']), cells: z.int().describe('cells per experiment') }),
    ])
    .describe('system to simulate'),
  training: z
    .strictObject({
      learningRate: z.number().gt(0).lte(1).describe('step size').default(1e-3),
      layers: z.array(z.int()).default([32]),
      clip: z.number().nullable().default(null),
      targetEntropy: z.union([z.number(), z.literal('auto')]).optional(),
      shifts: z.array(z.strictObject({ scale: z.number() })).default([]),
      weights: z.record(z.string(), z.number()).default({}),
      inner: z.strictObject({ depth: z.int() }).default({ depth: 2 }),
    })
    .prefault({}),
});

describe('explainConfig', () => {
  const explained = explainConfig(Schema);
  const at = (path: string) => explained.find((option) => option.path === path);

  test('lists every option in order', () => {
    expect(explained.map(({ path }) => path)).toEqual([
      'seed',
      'name',
      'environment.kind',
      'environment.variables',
      'environment.cells',
      'training.learningRate',
      'training.layers',
      'training.clip',
      'training.targetEntropy',
      'training.shifts',
      'training.shifts[].scale',
      'training.weights',
      'training.inner.depth',
    ]);
  });

  test('types, defaults, bounds, descriptions and conditions', () => {
    expect(at('seed')).toEqual({
      path: 'seed',
      type: 'integer >= 0',
      default: 1,
      required: false,
      description: 'seed of every stream',
    });
    expect(at('name')).toEqual({ path: 'name', type: 'string', required: true, description: 'name of the run' });
    expect(at('environment.kind')).toMatchObject({ type: 'linear-scm | sergio | sergio-clean', required: true });
    expect(at('environment.cells')).toMatchObject({
      required: true,
      when: 'environment.kind = sergio or sergio-clean',
    });
    expect(at('environment.variables')).toMatchObject({ default: 5, when: 'environment.kind = linear-scm' });
    expect(at('training.learningRate')).toMatchObject({
      type: 'number > 0, <= 1',
      default: 0.001,
      description: 'step size',
    });
    expect(at('training.layers')).toMatchObject({ type: 'list of integer', default: [32] });
    expect(at('training.clip')).toMatchObject({ type: 'number | null', default: null });
    expect(at('training.targetEntropy')).toMatchObject({ type: 'number | auto', required: false });
    expect(at('training.inner.depth')).toMatchObject({ default: 2, required: false });
  });

  test('as text, all or below a path', () => {
    expect(formatExplanations(explained, 'environment')).toBe(
      [
        'environment.kind: linear-scm | sergio | sergio-clean (required)',
        '    system to simulate',
        'environment.variables: integer >= 1 (default 5, when environment.kind = linear-scm)',
        '    variables d',
        'environment.cells: integer (required, when environment.kind = sergio or sergio-clean)',
        '    cells per experiment',
      ].join('\n'),
    );
    expect(formatExplanations(explained)).toContain('training.clip: number | null (default null)');
    expect(formatExplanations(explained, 'train')).toBe('');
  });

  test('a default of a union belongs to the alternative that it selects; nested choices are joined', () => {
    const size = z.int().default(1);
    const nested = z.strictObject({
      shape: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('round'), size }),
          z.strictObject({
            kind: z.literal('square'),
            size,
            corner: z.discriminatedUnion('kind', [
              z.strictObject({ kind: z.literal('sharp') }),
              z.strictObject({ kind: z.literal('soft'), radius: z.number(), styles: z.array(z.enum(['a', 'b'])) }),
            ]),
          }),
        ])
        .prefault({ kind: 'round', size: 9 }),
    });
    const found = explainConfig(nested).map(({ path, default: value, when, type }) => [path, type, value, when]);
    expect(found).toEqual([
      ['shape.kind', 'round | square', 'round', undefined],
      ['shape.size', 'integer', 9, 'shape.kind = round'],
      ['shape.size', 'integer', 1, 'shape.kind = square'],
      ['shape.corner.kind', 'sharp | soft', undefined, 'shape.kind = square'],
      ['shape.corner.radius', 'number', undefined, 'shape.kind = square and shape.corner.kind = soft'],
      ['shape.corner.styles', 'list of (a | b)', undefined, 'shape.kind = square and shape.corner.kind = soft'],
    ]);
  });

  test('the JSON Schema is strict, asks only for what has no default and allows extends', () => {
    const schema = configJsonSchema(Schema);
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['name', 'environment'],
      properties: { extends: { type: 'string' }, seed: { default: 1 } },
    });
    expect(() => JSON.stringify(schema)).not.toThrow();
  });
});
