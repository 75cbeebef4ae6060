import { expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { ridge } from '../../../../models/gim/features/ridge.js';
import { fitTargetReadout, targetProbabilities } from '../../../../models/gim/features/target-readout.js';

const stream = new RandomStream('target-readout');

/** Perturbations whose two target flags are a linear mixture away from their descriptors. */
function perturbations(count: number) {
  return Array.from({ length: count }, () => {
    const flags = Uint8Array.of(stream.bernoulli(0.3) ? 1 : 0, stream.bernoulli(0.3) ? 1 : 0);
    const other = stream.normal();
    const descriptors = Float64Array.of(
      flags[0]! + 2 * flags[1]! - other,
      flags[0]! - flags[1]! + other,
      3 * other - flags[0]!,
    );
    return { flags, unit: { descriptors, group: '', contexts: [] } };
  });
}

test('flags that are linear in the descriptors are read off new ones without an error', () => {
  const known = perturbations(15);
  const readout = fitTargetReadout(
    known.map(({ unit }) => unit),
    known.map(({ flags }) => flags),
  );
  for (const { flags, unit } of perturbations(20)) {
    const probabilities = targetProbabilities(readout, unit.descriptors);
    flags.forEach((flag, j) => {
      expect(Math.abs(probabilities[j]! - flag)).toBeLessThan(0.05);
    });
  }
});

test('descriptors that say nothing leave the frequency of targets', () => {
  const known = perturbations(200).map(({ flags }) => ({
    flags,
    unit: { descriptors: stream.fillNormal(new Float64Array(3)), group: '', contexts: [] },
  }));
  const readout = fitTargetReadout(
    known.map(({ unit }) => unit),
    known.map(({ flags }) => flags),
  );
  const rate = known.reduce((sum, { flags }) => sum + (flags[0]! + flags[1]!) / 400, 0);
  for (const probability of targetProbabilities(readout, Float64Array.of(0.1, 0, 0)))
    expect(Math.abs(probability - rate)).toBeLessThan(0.08);
});

test('what a row would be predicted as without it is what a fit without it predicts', () => {
  const inputs = Array.from({ length: 8 }, () => stream.fillNormal(new Float64Array(2)));
  const outputs = inputs.map(() => [stream.normal()]);
  const { leftOut } = ridge(inputs, outputs, 1e-9);
  const without = ridge(inputs.slice(1), outputs.slice(1), 1e-9);
  const expected = without.intercepts[0]! + without.weights[0]! * inputs[0]![0]! + without.weights[1]! * inputs[0]![1]!;
  expect(leftOut[0]).toBeCloseTo(expected, 6);
});
