import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { hasAffineResponse, valueEffects } from '../../../envs/linear-scm/affine-response.js';
import { LinearScmConfig } from '../../../envs/linear-scm/config.js';
import { LinearScmPrior } from '../../../envs/linear-scm/linear-scm-prior.js';

const SIZE = 6;

function system(name: string, noise: 'gaussian' | 'gumbel' | 'heteroskedastic' = 'gaussian') {
  const config = LinearScmConfig.parse({
    kind: 'linear-scm',
    variables: SIZE,
    graph: { degree: 2 },
    noise: { kind: noise },
  });
  return new LinearScmPrior(config).sample(new RandomStream(`affine/${name}`));
}

describe('valueEffects', () => {
  test.each(['do', 'shift'] as const)('%s: the simulator moves as the effects say, in every row', (kind) => {
    for (let k = 0; k < 20; k++) {
      const model = system(`system/${k}`, k % 2 === 0 ? 'gaussian' : 'gumbel');
      const stream = new RandomStream(`affine/${kind}/${k}`);
      const targets = Uint8Array.from({ length: SIZE }, () => (stream.bernoulli(0.5) ? 1 : 0));
      const values = stream.fillUniform(new Float32Array(SIZE), -1, 1);
      const measure = (of: Float32Array) => model.sample({ kind, targets, values: of }, 3, new RandomStream('same'));
      const base = measure(new Float32Array(SIZE));
      const moved = measure(values);
      const effects = valueEffects(model, { kind, targets, values });
      for (let row = 0; row < 3; row++)
        for (let j = 0; j < SIZE; j++) {
          let expected = base[row * SIZE + j]!;
          for (let i = 0; i < SIZE; i++) expected += effects[i * SIZE + j]! * values[i]!;
          expect(moved[row * SIZE + j]).toBeCloseTo(expected, 4);
        }
      targets.forEach((flag, i) => {
        if (flag === 0) expect(effects.subarray(i * SIZE, (i + 1) * SIZE).every((effect) => effect === 0)).toBe(true);
      });
    }
  });

  test('noise whose scale depends on the parents has no affine response', () => {
    expect(hasAffineResponse(system('plain'))).toBe(true);
    expect(hasAffineResponse(system('varying', 'heteroskedastic'))).toBe(false);
  });
});
