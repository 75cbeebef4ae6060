import { describe, expect, test } from 'vitest';
import { observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { usePriorModule } from '../../../envs/design/module-prior.js';
import { CausalModelPriorConfig } from '../../../envs/design/prior-config.js';
import { createCausalModelPrior } from '../../../envs/design/prior-registry.js';
import { OWN_SYSTEMS } from '../../own-systems/own-systems.js';

/** Every kind that a config can name, from the schema itself; systems of a module are those of the test's. */
const kinds = CausalModelPriorConfig.options.map((option) => [...option.shape.kind.values][0]!);
const withDefaults = (kind: string) =>
  CausalModelPriorConfig.parse(kind === 'module' ? { kind, variables: 3 } : { kind });
await usePriorModule(OWN_SYSTEMS);

describe.each(kinds)("a '%s' prior", (kind) => {
  const prior = createCausalModelPrior(withDefaults(kind));

  test('is made from its defaults and gives systems of its size', () => {
    const model = prior.sample(new RandomStream('registry'));
    expect(model.size).toBe(prior.size);
    expect(model.graph.size).toBe(prior.size);
    expect(model.interventionKinds.length).toBeGreaterThan(0);
  });

  test('gives systems and measurements that their streams decide', () => {
    const measured = (name: string) =>
      Array.from(prior.sample(new RandomStream(name)).sample(observe(prior.size), 3, new RandomStream('rows')));
    expect(measured('a')).toEqual(measured('a'));
    expect(measured('a')).not.toEqual(measured('b'));
    expect(measured('a').every(Number.isFinite)).toBe(true);
  });
});

test('a kind that does not exist is refused', () => {
  expect(CausalModelPriorConfig.safeParse({ kind: 'quantum' }).success).toBe(false);
});
