import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

describe('commands on one stack at the same time', () => {
  const host = new TestHost();
  // It takes its time to end, so that a `down` is still at work when the next command comes; and longer, until it is killed, where it is held.
  const ending = 'sleep 1; while test -e /data/hold; do sleep 0.1; done; exit 0';
  const slow = `image: "busybox:test", init: true, command: [sh, -c, "trap '${ending}' TERM; sleep 100000 & wait"]`;

  function stack(version: number): string {
    const services = ['a', 'b', 'c'].map(
      (name) => `  ${name}: { ${slow}, environment: { VERSION: "${version}" }, volumes: ["data:/data"] }\n`,
    );
    return host.write(`stack-${version}.yml`, `name: once\nservices:\n${services.join('')}volumes: { data: }\n`);
  }
  const first = stack(1);
  const second = stack(2);
  const states = async (): Promise<readonly string[]> =>
    (await host.ps(first)).map(({ Name, State }) => `${Name} ${State}`).toSorted();
  const allRun = ['once-a-1 running', 'once-b-1 running', 'once-c-1 running'];

  before(async () => host.ok(['load', '-i', (await busyboxImage()).dockerArchive]));
  after(() => host.stop());

  it('two ups of one file make one stack', async () => {
    const results = await Promise.all([1, 2, 3].map(() => host.run(['-f', first, 'up', '-d'])));
    assert.deepEqual(
      results.map(({ code, stderr }) => [code, /error/.test(stderr)]),
      [
        [0, false],
        [0, false],
        [0, false],
      ],
    );
    assert.deepEqual(await states(), allRun);
  });

  it('two ups of different files end with all containers of one of them', async () => {
    await Promise.all([host.run(['-f', second, 'up', '-d']), host.run(['-f', first, 'up', '-d'])]);
    assert.deepEqual(await states(), allRun);
    const versions = await Promise.all(
      ['a', 'b', 'c'].map(
        async (name) => (await host.ok(['-f', first, 'exec', '-T', name, 'sh', '-c', 'echo $VERSION'])).stdout,
      ),
    );
    assert.equal(new Set(versions).size, 1);
  });

  it('an up during a down brings everything back, and the down ends', async () => {
    await host.ok(['-f', first, 'exec', '-T', 'a', 'touch', '/data/kept']);
    const before = await host.pids(first);
    const down = host.spawn(['-f', first, 'down']);
    const ended = new Promise<number | null>((resolve) => down.once('close', resolve));
    await new Promise<void>((resolve) => {
      down.stderr?.on('data', (chunk: Buffer) => chunk.includes('Stopping') && resolve());
    });
    down.stdout?.resume();
    await host.ok(['-f', first, 'up', '-d']);
    assert.equal(await ended, 0);
    assert.deepEqual(await states(), allRun);
    const after = await host.pids(first);
    for (const name of Object.keys(after)) assert.notEqual(after[name], before[name]);
    await host.ok(['-f', first, 'exec', '-T', 'a', 'test', '-e', '/data/kept']);
  });

  it('a down during an up wins, and the up says so', async () => {
    await host.ok(['-f', first, 'exec', '-T', 'a', 'touch', '/data/hold']);
    const up = host.spawn(['-f', second, 'up', '-d']);
    let said = '';
    const ended = new Promise<number | null>((resolve) => up.once('close', resolve));
    await new Promise<void>((resolve) => {
      up.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Recreate')) resolve();
      });
    });
    up.stdout?.resume();
    await host.ok(['-f', first, 'down', '-v', '-t', '0']);
    assert.equal(await ended, 1);
    assert.match(said, /the container was removed meanwhile/);
    assert.deepEqual(await states(), []);
  });
});
