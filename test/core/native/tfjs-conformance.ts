import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import ts from 'typescript';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

/** Constraints of a tfjs test group; only the flags and the predicate that can hold in Node are looked at. */
interface Constraints {
  flags?: Record<string, unknown>;
  predicate?: (environment: { name: string; backendName: string; isDataSync: boolean }) => boolean;
}

const require = createRequire(import.meta.url);
const opsFolder = join(dirname(require.resolve('@tensorflow/tfjs-core/package.json')), 'dist', 'ops');
const ENVIRONMENT = { name: 'native', backendName: 'native', isDataSync: true };

function satisfied(constraints: Constraints): boolean {
  const flags = Object.entries(constraints.flags ?? {});
  return flags.every(([name, value]) => tf.env().get(name) === value) && constraints.predicate?.(ENVIRONMENT) !== false;
}

/** The part of tfjs's jasmine_util that its tests import. */
const jasmineUtil = {
  ALL_ENVS: {},
  NODE_ENVS: {},
  SYNC_BACKEND_ENVS: {},
  BROWSER_ENVS: { predicate: () => false },
  describeWithFlags(name: string, constraints: Constraints, body: (environment: typeof ENVIRONMENT) => void) {
    if (!satisfied(constraints)) return;
    describe(name, () => {
      beforeEach(() => tf.engine().startScope());
      afterEach(() => {
        tf.engine().endScope();
        tf.disposeVariables();
      });
      body(ENVIRONMENT);
    });
  },
};

/** jasmine's spies, as far as the tests use them. */
function spyOn(target: Record<string, (...args: unknown[]) => unknown>, method: string) {
  const spy = vi.spyOn(target, method);
  return Object.assign(spy, { and: { callThrough: () => spy } });
}

/** Some files leave tensors behind, and others expect an engine without any: each file counts from 0. */
function resetTensorCounts(): void {
  Object.assign(tf.engine().state, { numTensors: 0, numDataBuffers: 0, numBytes: 0 });
}

/** Defines the tests of one file of tfjs-core (`add_test`, say) in the current vitest file, for the active backend. */
export function defineTfjsTests(file: string): void {
  const text = readFileSync(join(opsFolder, `${file}.js`), 'utf8');
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const modules: Record<string, unknown> = {
    '../index': tf,
    '../test_util': tf.test_util,
    '../jasmine_util': jasmineUtil,
    './ops': tf,
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
    outputText,
  );
  describe(file, () => {
    beforeAll(resetTensorCounts);
    run(load, {}, describe, define, expect, spyOn, beforeEach, afterEach);
  });
}
