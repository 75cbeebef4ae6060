import { describe, expect, test } from 'vitest';
import { independentPlan, referencePlan, snapshotPlan } from '../../../envs/sergio/langevin-plan.js';
import { chainNetwork, randomNetwork } from './networks.js';

/** Time that a plan follows its paths, in relaxations of a gene. */
function relaxations({ phases, timeStep }: ReturnType<typeof independentPlan>, decay: number): number {
  return phases.reduce((total, { substeps, steps }) => total + substeps * steps, 0) * timeStep * decay;
}

describe('published cells', () => {
  test('one path per type, 15 steps for each cell of it and 10 more for each level', () => {
    const settings = { timeStep: 0.01, stepsPerCell: 15, safetyStepsPerLevel: 10 };
    const plan = snapshotPlan(chainNetwork([1, 1], [1, 2, 3]), 4, settings);
    expect([...plan.pathTypes]).toEqual([0, 1, 2]);
    expect(plan).toMatchObject({ cellsPerPath: 4, window: 60, start: 'steady', phases: [{ substeps: 1, steps: 80 }] });
  });
});

describe('independent cells', () => {
  test('a path for each, long enough for the slowest gene and fine enough for the fastest, and longer for deep networks', () => {
    for (const decays of [
      { minimum: 0.8, maximum: 0.8 },
      { minimum: 0.2, maximum: 3 },
    ]) {
      const network = randomNetwork('plan', { decays });
      const plan = independentPlan(network, Int32Array.of(0, 0, 4), 0.01);
      expect(plan).toMatchObject({ cellsPerPath: 1, window: 1, start: 'scattered' });
      const slowest = Math.min(...network.decays);
      expect(relaxations(plan, slowest)).toBeGreaterThanOrEqual(5 + 0.25 * network.depth);
      for (const { substeps } of plan.phases)
        expect(substeps * 0.01 * Math.max(...network.decays)).toBeLessThanOrEqual(0.1);
    }
    const [shallow, deep] = [[1], [1, 1, 1, 1, 1, 1]].map((chain) =>
      independentPlan(chainNetwork(chain, [1]), Int32Array.of(0), 0.01),
    );
    expect(relaxations(deep!, 0.8) - relaxations(shallow!, 0.8)).toBeGreaterThan(1);
  });

  test('steps that are long by themselves are not put together', () => {
    const plan = independentPlan(chainNetwork([1], [1]), Int32Array.of(0), 0.2);
    expect(plan.phases.map(({ substeps }) => substeps)).toEqual([1, 1]);
  });
});

test('reference cells: as many paths of every type, read over many relaxations', () => {
  for (const cellTypes of [1, 3, 7, 200]) {
    const network = randomNetwork('reference', { cellTypes });
    const { pathTypes, window, phases } = referencePlan(network, 0.01);
    const counts = Array.from({ length: cellTypes }, (_, type) => pathTypes.filter((own) => own === type).length);
    expect(new Set(counts).size).toBe(1);
    expect(pathTypes.length).toBeGreaterThanOrEqual(80);
    expect(window * phases[0]!.substeps * 0.01 * 0.8).toBeGreaterThanOrEqual(12);
  }
});
