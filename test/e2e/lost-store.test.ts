import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, until } from '../support/test-host.ts';

const stack = `
name: kept
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
});
