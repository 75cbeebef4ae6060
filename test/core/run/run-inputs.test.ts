import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkInputs, fileInput } from '../../../core/run/run-inputs.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-inputs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file is known by the SHA-256 of its bytes, in pieces too', () => {
  const path = join(folder, 'abc');
  writeFileSync(path, 'abc');
  // FIPS 180-2, appendix B.1, and B.3 (a million letters a).
  expect(fileInput(path)).toEqual({
    source: path,
    identity: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  });
  writeFileSync(path, 'a'.repeat(1e6));
  expect(fileInput(path).identity).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
});

test('another identity is refused, another place is not, and what was not recorded is not compared', () => {
  const posterior = { source: 'runs/a', identity: 'a'.repeat(64) };
  const check = (stored: Parameters<typeof checkInputs>[1], given: Parameters<typeof checkInputs>[2]) => () =>
    checkInputs('runs/policy', stored, given);
  expect(check({ posterior }, { posterior: { ...posterior, source: 'copies/a' } })).not.toThrow();
  expect(check({}, { posterior })).not.toThrow();
  expect(check({ posterior }, { posterior: { source: 'exact', identity: 'exact' } })).toThrow(
    'runs/policy: it was started with another posterior (then runs/a, aaaaaaaaaaaa, now exact); go on with the same one, or start anew in another folder',
  );
  expect(check({ posterior }, {})).toThrow(/now none that is known/);
});
