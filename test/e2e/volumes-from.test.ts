import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { until, type TestHost } from '../support/test-host.ts';

const common = 'image: "busybox:test", init: true, command: sleep 100000, stop_grace_period: 1s, network_mode: none';

describe('volumes_from', () => {
  const host = busyboxHost();
  let file = '';
  const inside = async (service: string, command: string, from = file): Promise<string> =>
    (await host.ok(['-f', from, 'exec', '-T', service, 'sh', '-c', `${command} 2>&1 || :`])).stdout.trim();
  const up = (...flags: readonly string[]): ReturnType<TestHost['ok']> => host.ok(['-f', file, 'up', '-d', ...flags]);

  /** Writes the file with that label on the container that lends. */
  function define(version: number): void {
    file = host.write(
      'stack.yml',
      `
name: lend
services:
  donor: { ${common}, tmpfs: /memory, labels: { version: "${version}" },
    volumes: [ "named:/named", "/unnamed", "./bound:/bound", "ram:/ram",
      { type: image, source: "busybox:test", target: /image } ] }
  reader: { ${common}, volumes_from: ["donor:ro"], volumes: ["own:/bound"] }
  writer: { ${common}, volumes_from: [donor] }
volumes: { named: , own: , ram: { driver_opts: { type: tmpfs, device: tmpfs } } }
`,
    );
  }

  before(async () => {
    define(1);
    await up();
  });

  it('gives a container the volumes, binds and images of another one, read-only where asked', async () => {
    await inside('donor', 'for d in named unnamed bound ram; do echo $d > /$d/note; done');
    assert.equal(
      await inside('writer', 'cat /named/note /unnamed/note /bound/note /ram/note'),
      'named\nunnamed\nbound\nram',
    );
    assert.equal(await inside('reader', 'cat /named/note /unnamed/note /ram/note'), 'named\nunnamed\nram');
    assert.match(
      await inside('reader', 'touch /named/x /unnamed/x /ram/x'),
      /named\/x: Read-only[^]*unnamed\/x: Read-only[^]*ram\/x: Read-only/,
    );
    assert.equal(
      await inside('reader', 'ls /bound; touch /bound/mine; ls /bound'),
      'mine',
      'its own mount goes before',
    );
    assert.equal(
      await inside('writer', 'echo back > /unnamed/note; ls -d /memory'),
      'ls: /memory: No such file or directory',
    );
    assert.equal(await inside('donor', 'cat /unnamed/note'), 'back');
    assert.equal(await inside('writer', '/image/bin/busybox echo runs'), 'runs');
  });

  it('follows the container of a service when that is replaced, with the same volumes, or with new ones by -V', async () => {
    const before = await host.pids(file);
    define(2);
    await up();
    const pids = await host.pids(file);
    for (const name of ['donor', 'reader', 'writer'])
      assert.notEqual(pids[`lend-${name}-1`], before[`lend-${name}-1`], name);
    assert.equal(await inside('writer', 'cat /unnamed/note'), 'back', 'anonymous volumes stay over a replacement');
    define(3);
    await up('-V');
    assert.equal(await inside('writer', 'ls /unnamed'), '');
    assert.equal(await inside('writer', 'cat /named/note'), 'named');
  });

  it('keeps what it has over restarts, when the other container has gone, and over a crash of the daemon', async () => {
    await inside('donor', 'echo kept > /ram/note');
    await host.ok(['-f', file, 'rm', '-sf', 'donor']);
    await host.killDaemon();
    await host.ok(['-f', file, 'restart', 'writer']);
    assert.equal(await inside('writer', 'cat /ram/note /named/note'), 'kept\nnamed');
  });

  it('leaves a volume without a name to the last who has borrowed it, also when the lender goes with its volumes', async () => {
    await up();
    await inside('donor', 'echo lent > /unnamed/note');
    const volumes = (): readonly string[] => readdirSync(join(host.dataRoot, 'volumes')).toSorted();
    const before = volumes();
    await host.ok(['-f', file, 'rm', '-sfv', 'donor']);
    assert.equal(await inside('writer', 'cat /unnamed/note; echo more > /unnamed/other'), 'lent');
    assert.deepEqual(volumes(), before);
    await host.ok(['-f', file, 'rm', '-sfv', 'writer', 'reader']);
    await until(
      async () => volumes(),
      (names) => names.length === before.length - 1,
    );
  });

  it('takes a container by its name, of whatever stack, and says which is not there', async () => {
    await up();
    await inside('donor', 'echo found > /unnamed/note');
    const other = host.write(
      'other.yml',
      `name: other\nservices:\n  a: { ${common}, volumes_from: ["container:lend-donor-1:ro"] }\n`,
    );
    await host.ok(['-f', other, 'up', '-d']);
    assert.match(await inside('a', 'cat /unnamed/note; touch /unnamed/x', other), /^found\n.*Read-only/);
    await host.ok(['-f', other, 'down']);
    const bad = host.write('bad.yml', `name: bad\nservices:\n  a: { ${common}, volumes_from: ["container:nobody"] }\n`);
    const missing = await host.run(['-f', bad, 'up', '-d']);
    assert.match(missing.stderr, /bad\.yml:3:\d+: error: services\.a\.volumes_from.*there is no container nobody/);
    const odd = host.write(
      'bad.yml',
      `name: bad\nservices:\n  b: { ${common} }\n  a: { ${common}, volumes_from: ["b:rx"] }\n`,
    );
    assert.match((await host.run(['-f', odd, 'up', '-d'])).stderr, /bad\.yml:4:\d+: error: .*"b:rx" is not written as/);
    const alone = host.write(
      'alone.yml',
      `name: alone\nservices:\n  b: { ${common} }\n  a: { ${common}, volumes_from: [b] }\n`,
    );
    assert.match(
      (await host.run(['-f', alone, 'up', '-d', '--no-deps', 'a'])).stderr,
      /alone\.yml:4:\d+.*no container of b/,
    );
    await host.ok(['-f', file, 'down', '-v']);
    assert.match((await host.ok(['volume', 'prune', '-f'])).stdout, /^[0-9a-f]{64}\n$/, 'what rm without -v has left');
  });
});
