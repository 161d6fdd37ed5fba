import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

describe('an image with other content under the same name', () => {
  const host = new TestHost();
  let rootfs = '';
  let file = '';

  /** Makes `mine:1` of busybox and a file that says the version. */
  async function importVersion(version: string): Promise<void> {
    const archive = join(host.directory, 'mine.tar');
    const extra = join(host.directory, 'extra');
    execFileSync('mkdir', ['-p', extra]);
    writeFileSync(join(extra, 'version'), version);
    execFileSync('tar', ['-cf', archive, '-C', rootfs, '.', '-C', extra, './version']);
    await host.ok(['import', archive, 'mine:1', '-c', 'CMD ["sleep", "100000"]']);
  }

  before(async () => {
    ({ rootfs } = await busyboxImage());
    const service = 'image: "mine:1", init: true, stop_grace_period: 1s';
    file = host.write('stack.yml', `name: change\nservices:\n  a: { ${service} }\n  b: { ${service} }\n`);
    await importVersion('1');
    await host.ok(['-f', file, 'up', '-d']);
  });
  after(() => host.stop());

  const version = async (): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', 'a', 'cat', '/version'])).stdout;

  it('leaves containers alone until the next up', async () => {
    const pids = await host.pids(file);
    await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await host.pids(file), pids);
    await importVersion('2');
    assert.deepEqual(await host.pids(file), pids);
    assert.equal(await version(), '1');
  });

  it('is shown by plan, ignored with --no-recreate, and taken by up', async () => {
    const { stdout } = await host.ok(['-f', file, 'plan']);
    assert.match(stdout, /replace +container +change-a-1\n +image: sha256:[0-9a-f]{12} -> sha256:[0-9a-f]{12}\n/);
    await host.ok(['-f', file, 'up', '-d', '--no-recreate']);
    assert.equal(await version(), '1');
    const { stderr } = await host.ok(['-f', file, 'up', '-d', 'a']);
    assert.match(stderr, /Container change-a-1 Recreated/);
    assert.doesNotMatch(stderr, /change-b-1/);
    assert.equal(await version(), '2');
    assert.match((await host.ok(['-f', file, 'plan', 'a'])).stdout, /no changes/i);
  });

  it('is still known after the daemon was killed', async () => {
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /replace +container +change-b-1\n/);
    await host.killDaemon();
    const { stdout } = await host.ok(['-f', file, 'plan']);
    assert.match(stdout, /replace +container +change-b-1\n +image: /);
    assert.doesNotMatch(stdout, /replace +container +change-a-1/);
  });

  it('replaces containers that have ended, too, and none when the name is gone', async () => {
    await host.ok(['-f', file, 'stop', 'b']);
    const { stderr } = await host.ok(['-f', file, 'up', '-d']);
    assert.match(stderr, /Container change-b-1 Recreated/);
    assert.equal((await host.ok(['-f', file, 'exec', '-T', 'b', 'cat', '/version'])).stdout, '2');
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /no changes/i);
  });

  it('replaces containers that have mounted it', async () => {
    const reader = host.write(
      'reader.yml',
      `name: reader
services:
  c:
    image: base:1
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    volumes: [{ type: image, source: "mine:1", target: /other }]
`,
    );
    const archive = join(host.directory, 'base.tar');
    execFileSync('tar', ['-cf', archive, '-C', rootfs, '.']);
    await host.ok(['import', archive, 'base:1']);
    await host.ok(['-f', reader, 'up', '-d']);
    assert.match((await host.ok(['-f', reader, 'plan'])).stdout, /no changes/i);
    await importVersion('3');
    const { stdout } = await host.ok(['-f', reader, 'plan']);
    assert.match(stdout, /replace +container +reader-c-1\n +volumes: image mine:1: sha256:[0-9a-f]{12} -> sha256:/);
    await host.ok(['-f', reader, 'up', '-d']);
    assert.equal((await host.ok(['-f', reader, 'exec', '-T', 'c', 'cat', '/other/version'])).stdout, '3');
    assert.match((await host.ok(['-f', reader, 'plan'])).stdout, /no changes/i);
  });
});
