import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRuntime } from '../../../../agents/host/find-runtime.ts';
import { TaskError } from '../../../../agents/host/errors.ts';

describe('the runtime of a service', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-runtime-'));
  const program = join(directory, 'tsstack-test-runtime');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(directory, 'plain'), '', { mode: 0o644 });
  mkdirSync(join(directory, 'folder'));
  after(() => rmSync(directory, { recursive: true }));

  it('is our own by the name box, and needs no program', () => assert.equal(findRuntime('box', directory), null));

  it('is found by its name and by its path', () => {
    assert.equal(findRuntime('tsstack-test-runtime', `relative:${directory}`), program);
    assert.equal(findRuntime(program, ''), program);
    assert.equal(findRuntime('sh', ''), '/usr/bin/sh'); // where nobody's PATH says so
  });

  for (const name of [
    'tsstack-test-missing',
    'plain',
    'folder',
    '/nowhere/runc',
    './tsstack-test-runtime',
    '',
    '../x',
  ]) {
    it(`is an error that names it: ${JSON.stringify(name)}`, () => {
      const isExpected = (error: unknown): boolean =>
        error instanceof TaskError && error.code === 'not-found' && error.message.includes(`runtime: ${name} `);
      assert.throws(() => findRuntime(name, directory), isExpected);
    });
  }
});
