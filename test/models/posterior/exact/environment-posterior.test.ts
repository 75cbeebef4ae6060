import { describe, expect, test } from 'vitest';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import {
  exactPosteriorFor,
  exactPosteriorWhereDefined,
  whyNotExact,
} from '../../../../models/posterior/exact/environment-posterior.js';

const linear = (prior: object = {}, settings: object = {}) =>
  DesignEnvConfig.parse({ prior: { kind: 'linear-scm', variables: 5, graph: { degree: 1 }, ...prior }, ...settings });

describe('exactPosteriorFor', () => {
  test('takes edge rate and noise from the environment', async () => {
    const exact = await exactPosteriorFor('exact', linear({ noise: { varianceShape: 4, varianceScale: 2 } }));
    expect(exact.prior).toMatchObject({
      kind: 'environment',
      edgeProbability: 0.5,
      varianceShape: 4,
      varianceScale: 2,
    });
    expect((await exactPosteriorFor('scale-free', linear())).prior).toMatchObject({ kind: 'scale-free', g: 20 });
    expect((await exactPosteriorFor('exact', linear({ variables: 20 }))).prior.maximumParents).toBe(4);
  });

  test.each([
    ['laplace noise', linear({ noise: { kind: 'laplace' } }), 'the noise is laplace, not Gaussian'],
    ['hubs', linear({ graph: { kind: 'scale-free', degree: 1 } }), 'graphs are scale-free'],
    ['a mean of coefficients', linear({ coefficients: { mean: 1 } }), 'coefficients have a mean other than 0'],
    ['flipped targets', linear({}, { targetFlipProbability: 0.1 }), 'targets may be flipped'],
    ['gene networks', DesignEnvConfig.parse({ prior: { kind: 'sergio' }, interventionKind: 'knockout' }), "'sergio'"],
  ])('%s: refused in one sentence, or named where misspecification is allowed', async (_, environment, reason) => {
    await expect(exactPosteriorFor('exact', environment)).rejects.toThrow(reason);
    const lenient = await exactPosteriorFor('exact', environment, { allowMisspecified: true });
    expect(lenient.name).toContain('misspecified: ');
  });

  test('the scale-free one does not mind a mean of coefficients', () => {
    expect(whyNotExact('scale-free', linear({ coefficients: { mean: 1 } }))).toBeUndefined();
  });

  test('more variables than can be summed over are refused', async () => {
    await expect(exactPosteriorFor('exact', linear({ variables: 26 }))).rejects.toThrow(
      '26 variables are more than the 25',
    );
  });
});

test('exactPosteriorWhereDefined: only where nothing is left out of the sum', async () => {
  const exact = await exactPosteriorWhereDefined(linear({ variables: 14 }));
  expect(exact?.prior).toMatchObject({ kind: 'environment', maximumParents: undefined });
  expect(await exactPosteriorWhereDefined(linear({ variables: 15 }))).toBeUndefined();
  expect(await exactPosteriorWhereDefined(linear({ variables: 26 }))).toBeUndefined();
  expect(await exactPosteriorWhereDefined(linear({ noise: { kind: 'laplace' } }))).toBeUndefined();
});
