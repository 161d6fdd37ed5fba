import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

const stack = `
name: kept
services:
  web:
    image: busybox:test
    command: sleep 100000
    init: true
    secrets: [word]
secrets:
  word: { environment: WORD }
`;

describe('a manager whose store is locked', () => {
  const host = new TestHost();
  let file = '';
  let pids: Readonly<Record<string, number>> = {};
  let unlockKey = '';

  const restart = async (): Promise<void> => {
    await host.killDaemon();
    await host.ok(['cluster', 'status']);
  };

  before(async () => {
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d', '--wait'], { env: { WORD: 'sesame' } });
    pids = await host.pids(file);
  });
  after(() => host.stop());

  it('waits for its key after a start, while its containers run on', async () => {
    unlockKey = (await host.ok(['cluster', 'autolock', 'on'])).stdout.trim();
    assert.deepEqual(await host.pids(file), pids);
    await restart();
    const { code, stderr } = await host.run(['ls']);
    assert.equal(code, 1);
    assert.match(stderr, /the store of this manager is locked; its containers run on[^]*tsstack cluster unlock/);
    assert.match((await host.ok(['cluster', 'status', '--format', 'json'])).stdout, /is locked/);
    assert.match((await host.run(['cluster', 'init'])).stderr, /is locked/);
  });

  it('takes its key from standard input, and no other', async () => {
    const wrong = `${unlockKey.slice(0, -1)}${unlockKey.endsWith('a') ? 'b' : 'a'}`;
    const refused = await host.run(['cluster', 'unlock'], { stdin: `${wrong}\n` });
    assert.match(refused.stderr, /the unlock key is not that of this manager/);
    await host.ok(['cluster', 'unlock'], { stdin: `${unlockKey}\n` });
    assert.deepEqual(await host.pids(file), pids);
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', 'web', 'cat', '/run/secrets/word']);
    assert.equal(stdout, 'sesame');
  });

  it('has another key after a rotation, and none without the lock', async () => {
    const next = (await host.ok(['cluster', 'autolock', 'rotate'])).stdout.trim();
    await restart();
    const refused = await host.run(['cluster', 'unlock'], { stdin: `${unlockKey}\n` });
    assert.match(refused.stderr, /the unlock key is not that of this manager, or was replaced/);
    await host.ok(['cluster', 'unlock'], { stdin: next });
    await host.ok(['cluster', 'autolock', 'off']);
    await restart();
    assert.deepEqual(await host.pids(file), pids);
    assert.match((await host.run(['cluster', 'unlock'], { stdin: next })).stderr, /it is not locked/);
  });
});
