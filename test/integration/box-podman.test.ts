import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { declareEngineCases } from '../support/engines/engine-cases.ts';
import { Podman } from '../support/engines/podman.ts';

const programs = join(import.meta.dirname, '../../native/build');

describe('podman over tsstack-box', () => {
  let podman: Podman;

  before(async () => {
    podman = await Podman.start(programs, (await busyboxImage()).dockerArchive);
  });
  after(async () => {
    await podman.dispose();
  });

  declareEngineCases(() => podman);

  it('gives a container ids of its own', async () => {
    const maps = ['--uidmap', '0:300000:65536', '--gidmap', '0:300000:65536'];
    const options = ['--rm', '--network', 'none', ...maps, ...podman.runOptions];
    const script = 'cat /proc/self/uid_map; stat -c %u / /dev/null; touch /made && echo done > /dev/stdout';
    const { code, stdout } = await podman.client('run', ...options, 'busybox:test', 'sh', '-c', script);
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split(/\s+/), ['0', '300000', '65536', '0', '0', 'done']);
  });

  it('looks after the health of a container', async () => {
    const health = ['--health-cmd', 'test -e /healthy', '--health-interval', 'disable'];
    const options = ['--name', 'worker', '--network', 'none', ...health, ...podman.runOptions];
    await podman.client('run', '--detach', ...options, 'busybox:test', 'sleep', '100');
    assert.equal((await podman.client('healthcheck', 'run', 'worker')).code, 1);
    await podman.client('exec', 'worker', 'touch', '/healthy');
    assert.equal((await podman.client('healthcheck', 'run', 'worker')).code, 0);
    await podman.client('rm', '--force', '--time', '0', 'worker');
  });
});
