import { expect, test } from 'vitest';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import { panelTitles } from '../../../../src/cli/sweep/panel-titles.js';

function setting(change: object = {}, posterior = 'a/posterior') {
  const { reward: _, ...environment } = DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: 5, graph: { degree: 1 } },
    initialRows: 20,
    budget: 5,
    ...change,
  });
  return { environment, posterior };
}

test('sizes in words; nothing else where nothing else differs', () => {
  expect(panelTitles([setting()])).toEqual(['5 variables, 20 initial rows, 5 experiments']);
  expect(panelTitles([setting({ budget: 1 }), setting({ budget: 3 })])).toEqual([
    '5 variables, 20 initial rows, 1 experiment',
    '5 variables, 20 initial rows, 3 experiments',
  ]);
});

test('whatever else tells panels apart is added', () => {
  const shifted = setting({
    interventionKind: 'shift',
    prior: { kind: 'linear-scm', variables: 5, graph: { degree: 2 } },
  });
  expect(panelTitles([setting(), shifted])).toEqual([
    '5 variables, 20 initial rows, 5 experiments; prior.graph.degree: 1; interventionKind: do',
    '5 variables, 20 initial rows, 5 experiments; prior.graph.degree: 2; interventionKind: shift',
  ]);
  expect(panelTitles([setting(), setting({}, 'b/posterior')])[1]).toBe(
    '5 variables, 20 initial rows, 5 experiments; graph posterior: b/posterior',
  );
});
