import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readSources } from '../scripts/source-graph.mjs';

const ROOT = resolve(import.meta.dirname, '..');

/** Longer files have a test of the same name at the mirrored path. */
const LONGEST_WITHOUT = 80;

/** What tests the files that have no test of their own name, folder by folder. */
const EXERCISED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'test/src/evaluation/goal/run-screen-study.test.ts': ['src/evaluation/goal/screen-checks.ts'],
  // Rankings are one of the scores that are held to a reference implementation together.
  'test/core/causal/graph-metrics.test.ts': ['core/causal/ranking-metrics.ts'],
  'test/core/config/load-config.test.ts': ['core/config/config-tree.ts', 'core/config/option-schema.ts'],
  'test/core/config/explain.test.ts': ['core/config/describe-issue.ts'],
  // Bindings: what the driver does is only seen through kernels, which run on the software device here.
  'test/core/cuda/backend/tfjs-conformance.test.ts': [
    'core/cuda/ops/copies.ts',
    'core/cuda/ops/elementwise.ts',
    'core/cuda/ops/reductions.ts',
    'core/cuda/ops/views.ts',
  ],
  'test/core/cuda/backend/cuda-backend.test.ts': [
    'core/cuda/backend/host-fallback.ts',
    'core/cuda/device/kernel-launcher.ts',
    'core/cuda/memory/device-memory.ts',
    'core/cuda/register.ts',
  ],
  'test/core/cuda/device/modules.test.ts': ['core/cuda/device/device.ts', 'core/cuda/device/kernel-images.ts'],
  'test/core/cuda/build/build-software.test.ts': ['core/cuda/device/driver.ts'],
  // Bindings: stock kernels are held to the conformance tests of tfjs, our own to their references.
  'test/core/native/backend/tfjs-conformance.test.ts': [
    'core/native/ops/elementwise.ts',
    'core/native/ops/matmul.ts',
    'core/native/ops/reductions.ts',
  ],
  'test/models/posterior/exact/exact-graph-posterior.test.ts': [
    'models/posterior/exact/order-sums.ts',
    'models/posterior/exact/parent-set-score.ts',
  ],
  'test/envs/sergio/langevin.test.ts': ['core/native/ops/sergio.ts', 'envs/sergio/langevin-reference.ts'],
  'test/envs/sergio/technical-noise.test.ts': ['envs/sergio/platforms.ts'],
  'test/src/fixtures/sergio-clean-moments.test.ts': ['src/fixtures/sergio-moments.ts'],
  'test/core/run/event-writer.test.ts': ['core/run/event-messages.ts'],
  // References of fused operations: compared with the kernels and with finite differences.
  'test/core/tensor/encoder-layer.test.ts': ['core/tensor/encoder-layer-reference.ts'],
  'test/core/tensor/sink-statistics.test.ts': [
    'core/cuda/ops/sink-statistics.ts',
    'core/tensor/sink-statistics-reference.ts',
  ],
  'test/core/tensor/optimizers.test.ts': ['core/tensor/optimizer-state.ts'],
  'test/envs/prior/graph-priors.test.ts': ['envs/prior/graph-families.ts'],
  'test/models/gim/features/shift-readout.test.ts': ['models/gim/features/choose-shift-readout.ts'],
  'test/models/gim/features/target-readout.test.ts': ['models/gim/features/ridge.ts'],
  // A model is fitted once and asked everything.
  'test/models/gim/fit-gim.test.ts': ['models/gim/gim-file.ts', 'models/gim/gim.ts'],
  'test/src/cli/commands/gim.test.ts': ['src/cli/commands/gim-ask.ts'],
  'test/src/evaluation/perturbation/run-study.test.ts': [
    'src/evaluation/perturbation/measure.ts',
    'src/evaluation/perturbation/predictors.ts',
  ],
  'test/models/open-posterior.test.ts': ['models/checkpoints.ts'],
  'test/models/civ/gradients.test.ts': [
    'models/civ/gap-criteria.ts',
    'models/civ/monte-carlo-criteria.ts',
    'models/civ/variance-criteria.ts',
  ],
  'test/models/civ/integrated-variance.test.ts': ['models/civ/lookahead-spread.ts'],
  'test/models/civ/minimise-acquisition.test.ts': ['models/civ/propose-shift.ts', 'models/civ/sphere-minimiser.ts'],
  'test/models/networks/encoder.test.ts': ['models/networks/pair-encoder.ts'],
  'test/models/policy/action-head.test.ts': ['models/policy/candidate-actions.ts', 'models/policy/outputs-head.ts'],
  'test/models/policy/distributions/target-distributions.test.ts': ['models/policy/distributions/target-subset.ts'],
  'test/src/cli/commands.test.ts': [
    'src/cli/commands/cuda-self-check.ts',
    'src/cli/commands/doctor.ts',
    'src/cli/commands/env.ts',
    'src/cli/commands/evaluate.ts',
    'src/cli/commands/posterior.ts',
    'src/cli/commands/quickstart.ts',
    'src/cli/session/read-options.ts',
  ],
  'test/src/cli/commands/sweep.test.ts': [
    'src/cli/sweep/sweep-curves.ts',
    'src/cli/sweep/sweep-run.ts',
    'src/cli/sweep/sweep-table.ts',
  ],
  'test/envs/sergio/network-table.test.ts': ['envs/sergio/edge-table.ts'],
  'test/src/data/h5ad/h5ad-cells.test.ts': [
    'src/data/h5ad/data-frame.ts',
    'src/data/h5ad/hdf5-file.ts',
    'src/data/h5ad/numbers.ts',
    'src/data/h5ad/sparse-matrix.ts',
  ],
  'test/src/data/text/text-cells.test.ts': ['src/data/text/open-text.ts', 'src/data/text/text-survey.ts'],
  'test/src/evaluation/behaviour/charts.test.ts': ['src/evaluation/behaviour/heatmap.ts'],
  'test/src/cli/evaluate-goal.test.ts': ['src/evaluation/goal/run-goal-evaluation.ts'],
  'test/src/fixtures/main.test.ts': ['src/fixtures/comparer.ts', 'src/fixtures/encoder-layer.ts'],
  'test/training/branched-gradient/estimator.test.ts': ['training/branched-gradient/rollout.ts'],
  'test/cases/work-that-did-not-happen.test.ts': ['training/config/unread-options.ts'],
  'test/training/redq/learning-start.test.ts': ['training/config/experiment-config.ts'],
};

const testOf = (source: string) => `test/${source.replace(/\.ts$/, '.test.ts')}`;
const exists = (path: string) => existsSync(join(ROOT, path));
const lineCount = (text: string) => text.split('\n').length - 1;

const untested = readSources(ROOT)
  .filter(({ path, text }) => !path.endsWith('.d.ts') && lineCount(text) > LONGEST_WITHOUT && !exists(testOf(path)))
  .map(({ path }) => path);
const excepted = Object.values(EXERCISED_ELSEWHERE).flat();

test('every longer source file has a test of the same name, or the test that exercises it is named here', () => {
  expect(untested.filter((path) => !excepted.includes(path))).toEqual([]);
});

test('no exception is out of date', () => {
  expect(excepted.filter((path) => !untested.includes(path))).toEqual([]);
  expect(Object.keys(EXERCISED_ELSEWHERE).filter((path) => !exists(path))).toEqual([]);
});
