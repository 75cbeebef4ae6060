import { describe, expect, test } from 'vitest';
import { nativeTechnicalNoiseKernel } from '../../../core/native/ops/technical-noise.js';
import { RandomStream } from '../../../core/random/stream.js';
import { measureSheets, type SheetToMeasure } from '../../../envs/sergio/measurement.js';
import { PLATFORM_NAMES, PLATFORMS, platformEffects, TECHNICAL_EFFECTS } from '../../../envs/sergio/platforms.js';

const kernel = nativeTechnicalNoiseKernel();
const withKernel = test.skipIf(kernel === undefined);

function cleanSheet(cells: number, genes: number, name = 'clean') {
  const values = new RandomStream(name).fillUniform(new Float32Array(cells * genes), 0, 8);
  // A cell and a gene without expression.
  return { cells, genes, values: values.map((value, entry) => (entry < genes || entry % genes === 1 ? 0 : value)) };
}

function sheetsOf(platform: (typeof PLATFORM_NAMES)[number]): SheetToMeasure[] {
  const constants = { outlierFactors: Float32Array.of(1, 1, 20, 1, 1), meanTotal: 17, dropoutMidpoint: 4 };
  const sheet = cleanSheet(300, 5);
  const stream = (name: string) => new RandomStream(`measure/${platform}/${name}`);
  return [
    { sheet, effects: platformEffects(PLATFORMS[platform]), stream: stream('published') },
    { sheet, effects: platformEffects(PLATFORMS[platform], TECHNICAL_EFFECTS, constants), stream: stream('constants') },
    { sheet, effects: platformEffects(PLATFORMS[platform], ['counts']), stream: stream('counts') },
    { sheet, effects: platformEffects(PLATFORMS[platform], ['dropout', 'library-size']), stream: stream('two') },
    { sheet: cleanSheet(1, 5), effects: platformEffects(PLATFORMS[platform]), stream: stream('empty') },
    { sheet, effects: { counts: false }, stream: stream('nothing') },
  ];
}

describe('technical noise of many sheets', () => {
  withKernel.each(PLATFORM_NAMES)('native and TypeScript measure the same on %s', (platform) => {
    const native = measureSheets(sheetsOf(platform), { kernel });
    const reference = measureSheets(sheetsOf(platform), { kernel: undefined });
    native.forEach((values, index) => {
      const expected = reference[index]!;
      // Of thousands of entries, none is expected to hang on the last bit of a logarithm.
      const differing = values.filter((value, entry) => Math.abs(value - expected[entry]!) > 1e-5 * expected[entry]!);
      expect(differing.length).toBe(0);
    });
    expect(native[5]).toEqual(cleanSheet(300, 5).values);
    expect(native[0]!.some((value) => value > 0)).toBe(true);
  });

  test('a sheet depends on its stream alone, on any number of threads, and is never changed', () => {
    const sheets = sheetsOf('drop-seq');
    const before = sheets[0]!.sheet.values.slice();
    const together = measureSheets(sheets, { kernel, threads: 3 });
    expect(sheets[0]!.sheet.values).toEqual(before);
    sheetsOf('drop-seq').forEach((one, index) => {
      expect(measureSheets([one], { kernel })[0]).toEqual(together[index]);
    });
    expect(measureSheets([])).toEqual([]);
  });
});
