import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

/** Constraints of a tfjs test group; only the flags and the predicate that can hold in Node are looked at. */
interface Constraints {
  flags?: Record<string, unknown>;
  predicate?: (environment: TestEnvironment) => boolean;
}

const require = createRequire(import.meta.url);
const opsFolder = join(dirname(require.resolve('@tensorflow/tfjs-core/package.json')), 'dist', 'ops');

/** What tfjs's tests are told about the backend under test. */
interface TestEnvironment {
  readonly name: string;
  readonly backendName: string;
  readonly isDataSync: boolean;
}

function satisfied(constraints: Constraints, environment: TestEnvironment): boolean {
  const flags = Object.entries(constraints.flags ?? {});
  return flags.every(([name, value]) => tf.env().get(name) === value) && constraints.predicate?.(environment) !== false;
}

/** The part of tfjs's jasmine_util that its tests import. */
const jasmineUtilFor = (environment: TestEnvironment) => ({
  ALL_ENVS: {},
  NODE_ENVS: {},
  SYNC_BACKEND_ENVS: {},
  BROWSER_ENVS: { predicate: () => false },
  describeWithFlags(name: string, constraints: Constraints, body: (environment: TestEnvironment) => void) {
    if (!satisfied(constraints, environment)) return;
    describe(name, () => {
      beforeEach(() => tf.engine().startScope());
      afterEach(() => {
        tf.engine().endScope();
        tf.disposeVariables();
      });
      body(environment);
    });
  },
});

/** jasmine's spies, as far as the tests use them. */
function spyOn(target: Record<string, (...args: unknown[]) => unknown>, method: string) {
  const spy = vi.spyOn(target, method);
  return Object.assign(spy, { and: { callThrough: () => spy } });
}

/** Some files leave tensors behind, and others expect an engine without any: each file counts from 0. */
function resetTensorCounts(): void {
  Object.assign(tf.engine().state, { numTensors: 0, numDataBuffers: 0, numBytes: 0 });
}

/** Defines the tests of one file of tfjs-core (`add_test`, say) in the current vitest file; the backend must be active. */
export function defineTfjsTests(file: string, backendName: string): void {
  const jasmineUtil = jasmineUtilFor({ name: backendName, backendName, isDataSync: true });
  const text = readFileSync(join(opsFolder, `${file}.js`), 'utf8');
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const modules: Record<string, unknown> = {
    '../index': tf,
    '../test_util': tf.test_util,
    '../jasmine_util': jasmineUtil,
    './ops': tf,
    './reduce_util': tf.backend_util,
    '../util': tf.util,
    '../../index': tf,
    '../../test_util': tf.test_util,
    '../../jasmine_util': jasmineUtil,
  };
  const load = (name: string) => {
    if (name in modules) return modules[name];
    throw new Error(`${file} imports '${name}', which the adapter does not provide`);
  };
  const define = (name: string, body: () => unknown) => test(name, body as () => void);
  const run = new Function(
    'require',
    'exports',
    'describe',
    'it',
    'expect',
    'spyOn',
    'beforeEach',
    'afterEach',
    'beforeAll',
    'afterAll',
    'jasmine',
    outputText,
  );
  describe(file, () => {
    beforeAll(resetTensorCounts);
    run(load, {}, describe, define, expect, spyOn, beforeEach, afterEach, beforeAll, afterAll, {});
  });
}
