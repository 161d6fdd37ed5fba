import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import type { NativeErrorCode } from '../../../../../agents/host/native/native-error.ts';

const root = join(import.meta.dirname, '../../../../..');

describe('errors of the native programs', () => {
  it('keep code, errno and path, and have a code of the model', () => {
    const error = new NativeError({ code: 'exec-not-found', message: 'execute /x: no such file', errno: 'ENOENT', path: '/x' });
    assert.deepEqual(
      [error.code, error.nativeCode, error.errno, error.path, error.message],
      ['not-found', 'exec-not-found', 'ENOENT', '/x', 'execute /x: no such file'],
    );
  });

  it('have a meaning here for every code that the C side knows', () => {
    const source = readFileSync(join(root, 'native/common/error.h'), 'utf8');
    const codes = [...source.matchAll(/TSS_ERROR_([A-Z_]+),/g)].map(([, name = '']) => name.toLowerCase().replaceAll('_', '-'));
    assert.ok(codes.length > 10);
    for (const code of codes) {
      const error = new NativeError({ code: code as NativeErrorCode, message: 'm', errno: '', path: '' });
      assert.equal(error.code === 'internal' && !internal.has(code), false, `${code} is mapped to internal only by accident`);
    }
  });

  /** Failures of the host or of tsstack itself, which a user cannot be blamed for. */
  const internal = new Set(['mount', 'namespace', 'cgroup', 'network', 'seccomp', 'io', 'internal']);
});
