import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, until } from '../support/test-host.ts';

/** A stack that brings nothing of its own along. */
const stack = (name: string): string => `
name: ${name}
services:
  ${name}:
    image: "busybox:test"
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    networks: [shared]
    volumes: ["files:/files"]
    secrets: [{ source: password, uid: "65534", mode: 0400 }]
    configs: [greeting]
networks: { shared: { external: true } }
volumes: { files: { external: true, name: files } }
secrets: { password: { external: true, name: db-password } }
configs: { greeting: { external: true } }
`;

describe('objects that belong to no stack', () => {
  const host = new TestHost();
  const ok = (...args: readonly string[]): ReturnType<TestHost['ok']> => host.ok(args);
  const files = { a: '', b: '' };
  const inside = async (name: 'a' | 'b', command: string): Promise<string> =>
    (await host.ok(['-f', files[name], 'exec', '-T', name, 'sh', '-c', command])).stdout.trim();

  before(async () => {
    await ok('load', '-i', (await busyboxImage()).dockerArchive);
    files.a = host.write('a.yml', stack('a'));
    files.b = host.write('b.yml', stack('b'));
  });
  after(() => host.stop());

  it('are missed one by one, with the place in the file and the way to make them', async () => {
    const makers: readonly (readonly [RegExp, readonly string[]])[] = [
      [
        /a\.yml:13:\d+: error: networks\.shared\.external: network shared .*`tsstack network create shared`/,
        ['network', 'create', '--subnet', '10.97.5.0/24', '--label', 'owner=ops', 'shared'],
      ],
      [/volumes\.files\.external: volume files .*`tsstack volume create files`/, ['volume', 'create', 'files']],
      [
        /secrets\.password\.external: secret db-password .*`tsstack secret create db-password FILE`/,
        ['secret', 'create', 'db-password', host.write('password', 'hunter2')],
      ],
      [
        /configs\.greeting\.external: config greeting .*`tsstack config-object create greeting FILE`/,
        ['config-object', 'create', 'greeting', host.write('greeting', 'hello')],
      ],
    ];
    for (const [message, maker] of makers) {
      for (const verb of ['plan', 'up']) {
        const { code, stderr } = await host.run(['-f', files.a, verb, ...(verb === 'up' ? ['-d'] : [])]);
        assert.equal(code, 1);
        assert.match(stderr, message);
      }
      assert.equal((await ok(...maker)).stdout, `${maker[0] === 'network' ? 'shared' : (maker[2] ?? '')}\n`);
    }
  });

  it('are used by two stacks, which find each other and the same content', async () => {
    await ok('-f', files.a, 'up', '-d');
    await ok('-f', files.b, 'up', '-d');
    assert.equal(await inside('a', 'echo from a > /files/note; cat /run/secrets/password /greeting'), 'hunter2hello');
    assert.equal(await inside('b', 'cat /files/note; stat -c "%u %a" /run/secrets/password'), 'from a\n65534 400');
    assert.match(await inside('a', 'nslookup b; ping -c 1 -W 5 b'), /10\.97\.5\.\d+[^]*1 packets received/);
    assert.ok(existsSync(join(host.dataRoot, 'volumes/files/_data/note')));
  });

  it('are listed and described, and are not removed while a container uses them', async () => {
    assert.equal((await ok('volume', 'ls', '-q')).stdout, 'files\n');
    assert.match((await ok('network', 'ls')).stdout, /^NETWORK ID +NAME .*\n[0-9a-f]{12} +shared +bridge/);
    const described = JSON.parse((await ok('network', 'inspect', 'shared')).stdout) as unknown[];
    assert.deepEqual((described[0] as { Labels: unknown }).Labels, { owner: 'ops' });
    assert.doesNotMatch((await ok('secret', 'inspect', 'db-password')).stdout, /hunter2|aHVudGVyMg/);
    for (const [verb, name] of [
      ['volume', 'files'],
      ['network', 'shared'],
      ['secret', 'db-password'],
      ['config-object', 'greeting'],
    ] as const) {
      const { code, stderr } = await host.run([verb, 'rm', name]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`${name} is in use by a-a-1, b-b-1`));
    }
    assert.equal((await ok('volume', 'prune', '-af')).stdout, '');
  });

  it('stay as they are through every up, down -v and a crash of the daemon', async () => {
    const pids = await host.pids(files.b);
    assert.match((await ok('-f', files.b, 'plan')).stdout, /No changes/);
    await ok('-f', files.a, 'down', '-v', '--remove-orphans');
    await host.killDaemon();
    assert.equal(await inside('b', 'cat /files/note /run/secrets/password'), 'from a\nhunter2');
    assert.deepEqual(await host.pids(files.b), pids);
    await ok('-f', files.b, 'down', '-v');
    for (const [verb, name] of [
      ['volume', 'files'],
      ['network', 'shared'],
      ['secret', 'db-password'],
      ['config-object', 'greeting'],
    ] as const) {
      assert.equal((await ok(verb, 'ls', '-q')).stdout, `${name}\n`);
    }
    await ok('-f', files.b, 'up', '-d');
    assert.equal(await inside('b', 'cat /files/note'), 'from a');
  });

  it('with another content replace the containers that use them, and go when asked to', async () => {
    await ok('-f', files.b, 'down');
    await ok('secret', 'rm', 'db-password');
    assert.equal((await host.run(['secret', 'create', 'db-password', '-'], { stdin: '' })).code, 1);
    await host.ok(['secret', 'create', 'db-password', '-'], { stdin: 'correct horse' });
    const { code, stderr } = await host.run(['secret', 'create', 'db-password', '-'], { stdin: 'again' });
    assert.equal(code, 1);
    assert.match(stderr, /secret db-password exists already/);
    await ok('-f', files.b, 'up', '-d');
    assert.equal(await inside('b', 'cat /run/secrets/password'), 'correct horse');
    await ok('-f', files.b, 'down');
    assert.equal((await ok('volume', 'prune', '-f')).stdout, '', 'a named volume takes --all');
    assert.equal((await ok('volume', 'prune', '-a', '-f')).stdout, 'files\n');
    await until(
      async () => existsSync(join(host.dataRoot, 'volumes/files')),
      (isThere) => !isThere,
    );
    assert.equal((await ok('network', 'prune', '-f')).stdout, 'shared\n');
    await ok('secret', 'rm', 'db-password');
    await ok('config-object', 'rm', '-f', 'greeting', 'nothing');
    assert.equal((await host.run(['volume', 'rm', 'files'])).code, 1);
  });

  it('are made as their flags say, and flags of other subcommands are refused', async () => {
    const { stdout } = await ok('volume', 'create', '--label', 'a=b');
    assert.match(stdout, /^[0-9a-f]{64}\n$/);
    assert.equal(
      (await ok('volume', 'create', '--label', 'a=b', stdout.trim())).stdout,
      stdout,
      'the same is no conflict',
    );
    assert.match(
      (await host.run(['volume', 'create', stdout.trim()])).stderr,
      /exists already, with another definition/,
    );
    assert.match((await host.run(['volume', 'ls', '--label', 'x'])).stderr, /tsstack volume ls takes no --label/);
    assert.match((await host.run(['network', 'crate', 'x'])).stderr, /unknown subcommand "crate"[^]*"create"/);
    await ok('volume', 'rm', stdout.trim());
    await ok('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', 'o=size=1m,mode=700', 'memory');
    const [memory] = JSON.parse((await ok('volume', 'inspect', 'memory')).stdout) as { Options: unknown }[];
    assert.deepEqual(memory?.Options, { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=700' });
    const { stderr } = await host.run(['volume', 'create', '-o', 'type=nfs', 'x']);
    assert.match(stderr, /needs device/);
    await ok('volume', 'rm', 'memory');
  });
});
