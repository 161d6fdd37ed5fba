import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { launcher, TestHost } from '../support/test-host.ts';

// Nobody, who may read everything, because the tests may lie where only root can look.
const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const butReads = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];

describe('a user who is not root', () => {
  const host = new TestHost();
  let file = '';

  function run(...args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
    return spawnSync('setpriv', [...asNobody, ...butReads, launcher, ...args], { env: host.env, encoding: 'utf8' });
  }

  before(() => {
    // As /run and /var/lib are.
    chmodSync(host.directory, 0o711);
    file = host.write('stack.yml', 'name: mine\nservices: { a: { image: "rootfs:///", command: sleep 1 } }\n');
  });
  after(() => host.stop());

  const needsRoot = 'error: start the daemon: containers need root\nhint: run the same command with sudo\n';

  it('is told so where a daemon would have to be started', () => {
    assert.deepEqual([run('-f', file, 'up').status, run('-f', file, 'up').stderr], [1, needsRoot]);
    assert.match(run('daemon').stderr, /start the daemon: containers need root/);
  });

  it('can check a file', () => {
    assert.equal(run('-f', file, 'config', '-q').status, 0);
  });

  it('is told so where a daemon runs, rather than that nothing is there', async () => {
    await host.ok(['info', '--start']);
    for (const verb of [['ls'], ['-f', file, 'ps'], ['-f', file, 'up', '-d'], ['daemon', '--stop']]) {
      const { status, stderr } = run(...verb);
      assert.equal(status, 1, verb.join(' '));
      assert.match(stderr, /^error: talk to the daemon: only root and the group of \S+tsstack.sock may\nhint: run /);
    }
    await host.ok(['daemon', '--stop']);
    assert.deepEqual([run('ls').status, run('ls').stderr], [1, needsRoot]);
  });

  it('is told which file it may not write', () => {
    const { status, stderr } = run('-f', file, 'config', '-o', '/proc/none');
    assert.deepEqual([status, stderr], [1, 'error: write /proc/none: no such file or directory\n']);
  });
});
