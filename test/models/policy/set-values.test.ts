import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';
import { SetValues } from '../../../models/policy/set-values.js';

const SIZE = 4;
const CHANNELS = 3;
const WIDTH = 5;
const stream = new RandomStream('set-values');
const variables = stream.child('variables').fillNormal(new Float32Array(2 * SIZE * WIDTH));
const pairs = stream.child('pairs').fillNormal(new Float32Array(2 * SIZE * SIZE * CHANNELS));
const sets = [
  [1, 0, 0, 0],
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, 1, -1, 1],
  [0, 0, 0, 0],
];

beforeAll(async () => {
  await useBackend();
});

function network(signs: boolean) {
  const parameters = new ParameterSet();
  const scope = { parameters, prefix: 'head', stream: new RandomStream('weights') };
  const values = new SetValues(scope, { width: WIDTH, channels: CHANNELS, hidden: [6, 5], signs });
  for (const variable of parameters.variables)
    if (variable.shape.length === 1)
      variable.assign(tf.tensor1d(stream.child(variable.name).fillNormal(new Float32Array(variable.size))));
  return { parameters, values };
}

const encoding = (v = variables, p = pairs) => ({
  variables: tf.tensor3d(v, [2, SIZE, WIDTH]),
  pairs: tf.tensor4d(p, [2, SIZE, SIZE, CHANNELS]),
});
const listed = (own: number[][]) => tf.tensor3d([own, own]);

/** The formula, number by number, for history b. */
function expected(parameters: ParameterSet, b: number, set: number[], signs: boolean): number {
  const layer = (name: string, x: number[]) => {
    const weight = parameters.get(`head/${name}/weight`).arraySync() as number[][];
    const bias = parameters.get(`head/${name}/bias`).arraySync() as number[];
    return weight.map((row, h) => row.reduce((sum, w, c) => sum + w * x[c]!, bias[h]!));
  };
  const pair = (i: number, j: number) => [...pairs.slice(((b * SIZE + i) * SIZE + j) * CHANNELS).slice(0, CHANNELS)];
  let total = 0;
  for (let j = 0; j < SIZE; j++) {
    const own = [...variables.slice((b * SIZE + j) * WIDTH).slice(0, WIDTH)];
    const count = set.reduce((sum, sign) => sum + Math.abs(sign), 0);
    const even = layer('count', [count]).map(
      (x, h) => x + layer('variable', own)[h]! + layer('member', [Math.abs(set[j]!)])[h]!,
    );
    const odd = even.map(() => 0);
    set.forEach((sign, i) => {
      if (sign === 0) return;
      const forward = layer('forward', pair(i, j));
      const backward = layer('backward', pair(j, i));
      const signed = signs ? layer('signed', pair(i, j)) : even.map(() => 0);
      even.forEach((_, h) => {
        even[h]! += forward[h]! + backward[h]!;
        odd[h]! += sign * signed[h]!;
      });
    });
    const relu = (x: number) => Math.max(0, x);
    const first = even.map((x, h) => (signs ? relu(x + odd[h]!) + relu(x - odd[h]!) : relu(x)));
    total += layer('linear1', layer('linear0', first).map(relu))[0]!;
  }
  return total;
}

describe('SetValues', () => {
  test.each([true, false])('is the formula, with signs %s', (signs) => {
    const { parameters, values } = network(signs);
    const found = values.apply(encoding(), listed(sets)).arraySync();
    for (let b = 0; b < 2; b++)
      sets.forEach((set, s) => {
        expect(found[b]![s]).toBeCloseTo(expected(parameters, b, set, signs), 3);
      });
  });

  test('turning all signs changes nothing, turning one does', () => {
    const { values } = network(true);
    const original = values.apply(encoding(), listed(sets)).arraySync()[0]!;
    const turned = values.apply(encoding(), listed(sets.map((set) => set.map((sign) => -sign)))).arraySync()[0]!;
    original.forEach((value, s) => {
      expect(turned[s]).toBeCloseTo(value, 4);
    });
    const one = values.apply(encoding(), listed([[1, 0, 1, 0]])).arraySync()[0]!;
    expect(Math.abs(one[0]! - original[1]!)).toBeGreaterThan(0.01);
  });

  test('renumbering the variables changes nothing', () => {
    const { values } = network(true);
    const order = [2, 0, 3, 1];
    const renumbered = encoding(
      Float32Array.from(variables, (_, at) => {
        const [b, i, c] = [Math.floor(at / (SIZE * WIDTH)), Math.floor(at / WIDTH) % SIZE, at % WIDTH];
        return variables[(b * SIZE + order[i]!) * WIDTH + c]!;
      }),
      Float32Array.from(pairs, (_, at) => {
        const [c, j] = [at % CHANNELS, Math.floor(at / CHANNELS) % SIZE];
        const i = Math.floor(at / (CHANNELS * SIZE)) % SIZE;
        const b = Math.floor(at / (CHANNELS * SIZE * SIZE));
        return pairs[((b * SIZE + order[i]!) * SIZE + order[j]!) * CHANNELS + c]!;
      }),
    );
    const moved = sets.map((set) => order.map((i) => set[i]!));
    const original = values.apply(encoding(), listed(sets)).dataSync();
    values
      .apply(renumbered, listed(moved))
      .dataSync()
      .forEach((value, at) => {
        expect(value).toBeCloseTo(original[at]!, 4);
      });
  });
});
