import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { doIntervention, observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { fileInput } from '../../../core/run/run-inputs.js';
import { OWN_SYSTEMS } from '../../own-systems/own-systems.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-module-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The files as a thread has them that was given no module yet. */
async function freshThread() {
  vi.resetModules();
  const { priorModuleInputs, usePriorModule } = await import('../../../envs/design/module-prior.js');
  const { createCausalModelPrior } = await import('../../../envs/design/prior-registry.js');
  return { priorModuleInputs, usePriorModule, createCausalModelPrior };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const module3 = { kind: 'module', variables: 3 } as const;

describe("a prior of a user's own module", () => {
  test('is what configurations of kind module stand for', async () => {
    const { usePriorModule, createCausalModelPrior } = await freshThread();
    const prior = await usePriorModule(OWN_SYSTEMS);
    expect(createCausalModelPrior(module3)).toBe(prior);
    const system = prior.sample(new RandomStream('own'));
    expect(system.graph.adjacency.reduce((sum, edge) => sum + edge, 0)).toBe(2);
    const held = system.sample(doIntervention(3, { 1: 0.5 }), 4, new RandomStream('rows'));
    expect([1, 4, 7, 10].map((entry) => held[entry])).toEqual([0.5, 0.5, 0.5, 0.5]);
    const free = system.sample(observe(3), 4, new RandomStream('rows'));
    expect(free).not.toEqual(held);
  });

  test('is needed before there are systems', async () => {
    const { createCausalModelPrior } = await freshThread();
    expect(() => createCausalModelPrior(module3)).toThrow(/systems of your own; name their file with --module/);
  });

  test('must have the size that the configuration says', async () => {
    const { usePriorModule, createCausalModelPrior } = await freshThread();
    await usePriorModule(OWN_SYSTEMS);
    expect(() => createCausalModelPrior({ ...module3, variables: 5 })).toThrow(/variables: 5, but .* have 3/);
  });

  test.each([
    ['no such file', 'missing.mjs', undefined, /missing\.mjs: cannot be loaded/],
    ['a slip in the code', 'slip.mjs', 'export const makePrior = (;', /slip\.mjs: cannot be loaded/],
    ['no makePrior', 'none.mjs', 'export default () => 1;', /none\.mjs: it must export a function 'makePrior'/],
    ['no prior', 'nothing.mjs', 'export const makePrior = () => null;', /'makePrior' gives must have 'size'/],
    ['no size', 'size.mjs', 'export const makePrior = () => ({ size: 0, sample() {} });', /must have 'size'/],
    ['no sample', 'sample.mjs', 'export const makePrior = () => ({ size: 2 });', /and 'sample\(stream\)'/],
  ])('is refused: %s', async (_, name, text, message) => {
    const { usePriorModule } = await freshThread();
    const path = text === undefined ? join(folder, name) : file(name, text);
    await expect(usePriorModule(path)).rejects.toThrow(expect.objectContaining({ code: 'E_INPUT' }));
    await expect(usePriorModule(path)).rejects.toThrow(message);
  });
});

test('a run is bound to the bytes of the module, wherever it lies, and to none for other priors', async () => {
  const { priorModuleInputs, usePriorModule } = await freshThread();
  const text = 'export const makePrior = () => ({ size: 3, sample() {} });';
  const first = file('first.mjs', text);
  const second = file('second.mjs', `${text} // changed`);
  await usePriorModule(first);
  const before = priorModuleInputs(module3);
  expect(before).toEqual({ module: fileInput(first) });
  const elsewhere = join(folder, 'elsewhere.mjs');
  copyFileSync(first, elsewhere);
  await usePriorModule(elsewhere);
  expect(priorModuleInputs(module3).module?.identity).toBe(before.module?.identity);
  await usePriorModule(second);
  expect(priorModuleInputs(module3).module?.identity).not.toBe(before.module?.identity);
  const { LinearScmConfig } = await import('../../../envs/linear-scm/config.js');
  expect(priorModuleInputs(LinearScmConfig.parse({ kind: 'linear-scm' }))).toEqual({});
});
