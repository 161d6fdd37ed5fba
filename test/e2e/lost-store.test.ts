import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, until, untilGone } from '../support/test-host.ts';

const stack = `
name: kept
services:
  web: { image: "busybox:test", command: sleep 100000, init: true }
`;

const later = `
name: later
services:
  web: { image: "busybox:test", command: sleep 100000, init: true }
`;

describe('a manager that has lost its store', () => {
  let host: TestHost;
  const store = (): string => join(host.dataRoot, 'manager');

  before(async () => {
    host = new TestHost();
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    await host.ok(['-f', host.write('kept.yml', stack), 'up', '-d', '--wait']);
  });
  after(() => host.stop());

  it('deletes nothing: the agent refuses a store that it does not know, and says so', async () => {
    const before = await host.pids('kept.yml');
    await host.killDaemon();
    renameSync(store(), `${store()}.kept`);
    await host.ok(['info', '--start']);
    const log = await until(
      async () => readFileSync(join(host.dataRoot, 'daemon.log'), 'utf8'),
      (text) => text.includes('this host belongs to cluster'),
    );
    assert.match(log, /this host belongs to cluster [0-9a-f]+, but the manager is of cluster [0-9a-f]+/);
    for (const pid of Object.values(before)) process.kill(pid, 0);

    await host.killDaemon();
    rmSync(store(), { recursive: true });
    renameSync(`${store()}.kept`, store());
    await host.ok(['info', '--start']);
    assert.deepEqual(
      await until(
        () => host.pids('kept.yml'),
        (pids) => Object.keys(pids).length === 1,
      ),
      before,
    );
  });

  it('set back to an older copy deletes nothing that the copy does not know of, says so, and does when that is accepted', async () => {
    await host.killDaemon();
    cpSync(store(), `${store()}.old`, { recursive: true });
    await host.ok(['-f', host.write('kept.yml', stack), 'up', '-d']);
    await host.ok(['-f', host.write('later.yml', later), 'up', '-d', '--wait']);
    const kept = await host.pids('kept.yml');
    const after = await host.pids('later.yml');
    await host.killDaemon();
    rmSync(store(), { recursive: true });
    renameSync(`${store()}.old`, store());
    // As often as it likes, and however much it writes meanwhile.
    for (const stackFile of ['one', 'two', 'three']) {
      await host.ok(['info', '--start']);
      const { stdout } = await until(
        () => host.ok(['cluster', 'status']),
        (status) => status.stdout.includes('Problem'),
      );
      assert.match(stdout, /the store was set back to an older state than \S+ has seen[^]*tsstack cluster accept/);
      await host.ok(['network', 'create', stackFile]);
      await host.killDaemon();
    }
    await host.ok(['info', '--start']);
    // The agent tells that when it has reached the manager.
    await until(
      () => host.ok(['node', 'ls']),
      ({ stderr }) => stderr.includes('warning: the store was set back'),
    );
    for (const pid of [...Object.values(kept), ...Object.values(after)]) process.kill(pid, 0);

    const refused = await host.run(['cluster', 'accept']);
    assert.match(refused.stderr, /ends and removes containers that only a newer state of the store knew of/);
    await host.ok(['cluster', 'accept', '--force']);
    for (const pid of Object.values(after)) await untilGone(pid);
    for (const pid of Object.values(kept)) process.kill(pid, 0);
    const { stdout } = await until(
      () => host.ok(['cluster', 'status']),
      (status) => !status.stdout.includes('Problem'),
    );
    assert.match(stdout, /in no cluster/);
    for (const name of ['one', 'two', 'three']) await host.ok(['network', 'rm', name]);
  });
});
