import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import type { NativeErrorCode } from '../../../../../agents/host/native/native-error.ts';

const root = join(import.meta.dirname, '../../../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Codes as the C side writes them. */
const sent = [...read('native/common/error.c').matchAll(/\[TSS_ERROR_\w+\] = "([a-z-]+)"/g)].map(([, code]) => code ?? '');

describe('errors of native programs', () => {
  it('have the same codes on both sides, and in the documentation', () => {
    const source = read('agents/host/native/native-error.ts');
    const known = [...source.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code ?? '');
    assert.ok(sent.length > 10);
    assert.deepEqual(known, sent);
    const documentation = read('docs/native.md');
    for (const code of sent) assert.ok(documentation.includes(`\`${code}\``), code);
  });

  it('keep what failed, where, and why', () => {
    const message = 'mount volume web on /data: no such file or directory';
    const error = new NativeError({ code: 'mount', message, errno: 'ENOENT', path: '/data' });
    assert.deepEqual(
      [error.message, error.nativeCode, error.errno, error.path, error.code],
      [message, 'mount', 'ENOENT', '/data', 'internal'],
    );
  });

  it('say what to do about what people write wrong', () => {
    const hintOf = (code: NativeErrorCode, message: string): string | undefined =>
      new NativeError({ code, message, errno: '', path: '' }).hint;
    const nowhere = 'publish port 192.0.2.9:80/tcp: Cannot assign requested address';
    assert.match(hintOf('network', nowhere) ?? '', /this host has no such address/);
    assert.match(hintOf('exec-not-found', 'exec "x"') ?? '', /no such program/);
    assert.match(hintOf('internal', 'process.cwd: enter /etc/hosts: Not a directory') ?? '', /`working_dir`/);
    assert.equal(hintOf('internal', 'mount /x'), undefined);
  });

  it('are what the rest of the program can judge by', () => {
    const codeOf = (code: NativeErrorCode): string => new NativeError({ code, message: '', errno: '', path: '' }).code;
    assert.equal(codeOf('invalid'), 'invalid');
    assert.equal(codeOf('exec-not-found'), 'not-found');
    assert.equal(codeOf('state'), 'conflict');
  });
});
