import { expect, test } from 'vitest';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { doIntervention } from '../../core/causal/intervention.js';
import { RandomStream } from '../../core/random/stream.js';
import { DesignEnv } from '../../envs/design-env.js';
import { DesignEnvConfig } from '../../envs/design-env-config.js';

const half: GraphPosterior = {
  edgeProbabilities: (histories) => new Float32Array(histories.length * histories[0]!.size ** 2).fill(0.5),
};

test('runs', () => {
  const config = DesignEnvConfig.parse({});
  console.log(JSON.stringify(config));
  const env = DesignEnv.fromConfig(config, half);
  const s = env.reset(new RandomStream('a'));
  expect(s.history.rows).toBe(50);
  const step = env.step(doIntervention(10, { 2: 1 }));
  expect(step.history.values[50 * 10 + 2]).toBe(1);
  expect(step.potential).toBe(55);
});
