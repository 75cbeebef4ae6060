import { describe, expect, test } from 'vitest';
import { doIntervention, observe } from '../../../core/causal/intervention.js';
import { Branches } from '../../../training/branched-gradient/branches.js';
import { SIZE, toyEnvironment, toyGroups } from './toy-experiment.js';

const makeBranches = (groups: number, branches: number, environment = toyEnvironment()) =>
  new Branches(environment.settings, environment.prior, { groups: toyGroups(groups), branches });

describe('Branches', () => {
  test('branches of a group share system, start and noise; groups do not', () => {
    const branches = makeBranches(2, 2);
    branches.perform(branches.episodes.map(() => observe(SIZE)));
    const rows = branches.episodes.map(({ history }) => [...history.values]);
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[3]).toEqual(rows[2]);
    expect(rows[2]).not.toEqual(rows[0]);
  });

  test('they differ by their decisions alone: variables that are not downstream of a target stay the same', () => {
    const branches = makeBranches(3, 2);
    const target = 1;
    branches.perform(
      branches.episodes.map((_, b) => (b % 2 === 0 ? observe(SIZE) : doIntervention(SIZE, { [target]: 3 }))),
    );
    const rows = branches.lastRows();
    const perRollout = branches.settings.rowsPerExperiment * SIZE;
    expect(rows).toHaveLength(6 * perRollout);
    for (const group of [0, 1, 2]) {
      const [watched, changed] = [2 * group, 2 * group + 1].map((b) =>
        rows.subarray(b * perRollout, (b + 1) * perRollout),
      );
      const { graph } = branches.episodes[2 * group]!.model;
      expect(changed![target]).toBe(3);
      for (let variable = 0; variable < SIZE; variable++) {
        if (variable === target) continue;
        const isChild = graph.hasEdge(target, variable);
        const others = [0, 1, 2].filter((other) => other !== target && other !== variable);
        const isBelow = isChild || others.some((via) => graph.hasEdge(target, via) && graph.hasEdge(via, variable));
        if (isBelow) expect(changed![variable]).not.toBe(watched![variable]);
        else expect(changed![variable]).toBe(watched![variable]);
      }
    }
  });

  test('graphs are those of the systems, row i to column j, rollout by rollout', () => {
    const branches = makeBranches(2, 2);
    const graphs = branches.graphs();
    branches.episodes.forEach(({ model }, b) => {
      for (let i = 0; i < SIZE; i++)
        for (let j = 0; j < SIZE; j++)
          expect(graphs[(b * SIZE + i) * SIZE + j]).toBe(model.graph.hasEdge(i, j) ? 1 : 0);
    });
  });

  test('gradients pass through linear systems, but not where targets may be flipped', () => {
    expect(makeBranches(1, 1).isAffine).toBe(true);
    expect(makeBranches(1, 1, toyEnvironment({ targetFlipProbability: 0.1 })).isAffine).toBe(false);
  });
});
