import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastWords } from '../../../../src/daemon/etcd/member-process.ts';

describe('the last words of an etcd', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-words-'));
  after(() => rmSync(directory, { recursive: true }));
  const gibibyte = 2 ** 30;

  it('are its last error', () => {
    const lines = [
      '{"level":"fatal","msg":"failed to start","error":"no such member"}',
      '{"level":"warn","msg":"bye"}',
    ];
    writeFileSync(join(directory, 'etcd.log'), lines.join('\n'));
    assert.equal(lastWords(directory, gibibyte), 'failed to start: no such member');
  });

  it('name the disk that has no room, which its log has none to say', () => {
    const left = `only 3 MiB are left on the disk of ${directory}`;
    assert.equal(lastWords(directory, 3.5 * 2 ** 20), `${left}; failed to start: no such member`);
    rmSync(join(directory, 'etcd.log'));
    assert.equal(lastWords(directory, 3 * 2 ** 20), left);
    assert.equal(lastWords(directory), '');
  });
});
