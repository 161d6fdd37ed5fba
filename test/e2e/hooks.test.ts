import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { calmMs } from '../support/calm-time.ts';
import { TestHost, until } from '../support/test-host.ts';

const base = `
x-base: &base
  image: busybox:test
  init: true
  command: sleep 100000
  stop_grace_period: 5s
`;

describe('hooks', () => {
  const host = new TestHost();
  let count = 0;
  let other = '';

  before(async () => {
    const { dockerArchive, rootfs } = await busyboxImage();
    other = `rootfs://${rootfs}`;
    await host.ok(['load', '-i', dockerArchive]);
  });
  after(() => host.stop());

  /** A stack of its own whose containers share a folder of the host. */
  const stack = (services: string): { file: string; said: () => string } => {
    count += 1;
    const folder = join(host.directory, `shared-${count}`);
    host.write(`shared-${count}/said`, '');
    const file = host.write(
      `hooks-${count}.yml`,
      `name: hooks${count}\n${base}services:\n${services.replaceAll('SHARED', `${folder}:/shared`)}`,
    );
    files.push(file);
    return { file, said: () => readFileSync(join(folder, 'said'), 'utf8') };
  };
  const files: string[] = [];
  const say = (words: string): string => `sh -c "echo ${words} >> /shared/said"`;

  afterEach(async () => {
    for (const file of files.splice(0)) await host.run(['-f', file, 'down', '-v', '-t', '0']);
  });

  it('after a start run in order, as who and where they say, before what depends on the service', async () => {
    const { file, said } = stack(`
  web:
    <<: *base
    volumes: [ "SHARED" ]
    user: "1000"
    working_dir: /tmp
    environment: { A: service, B: service }
    post_start:
      - command: [ "sh", "-c", "echo $$(id -u) $$PWD $$A $$B >> /shared/said" ]
        user: root
        working_dir: /usr
        environment: { B: hook }
      - command: [ "sh", "-c", "sleep 0.3; echo second $$(id -u) $$PWD" ]
      - command: mount -t tmpfs none /tmp
        user: root
        privileged: true
      - command: ${say('third')}
        user: root
  after:
    <<: *base
    depends_on: [ web ]
    volumes: [ "SHARED" ]
    command: ${say('dependant')}
`);
    await host.ok(['-f', file, 'up', '-d']);
    await until(
      async () => said(),
      (text) => text.includes('dependant'),
    );
    assert.equal(said(), '0 /usr service hook\nthird\ndependant\n');
    const { stdout } = await host.ok(['-f', file, 'logs', 'web']);
    assert.equal(stdout, 'web-1 ->  | second 1000 /tmp\n');
  });

  it('after a start that fail fail the command and what depends on the service; the container runs on', async () => {
    const { file, said } = stack(`
  test:
    <<: *base
    post_start: [ { command: "sh -c 'echo look here >&2; exit 127'" }, { command: ${say('never')} } ]
    volumes: [ "SHARED" ]
  after: { <<: *base, depends_on: [ test ] }
`);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /test hook exited with status 127/);
    const rows = await host.ps(file);
    assert.deepEqual(
      rows.map(({ Service, State }) => `${Service} ${State}`),
      ['after created', 'test running'],
    );
    assert.equal(said(), '');
    const alone = await host.run(['-f', file, 'up', '-d', 'test']);
    assert.equal(alone.code, 1);
    assert.match(alone.stderr, /test hook exited with status 127[^]*look here/);
    const attached = await host.run(['-f', file, 'up']);
    assert.equal(attached.code, 1);
  });

  it('whose program is missing fail with status 127', async () => {
    const { file } = stack('  test: { <<: *base, post_start: [ { command: nosuchprogram } ] }');
    const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(stderr, /test hook exited with status 127/);
  });

  it('before a stop run when somebody stops, restarts, replaces or removes, not when the container is killed or ends', async () => {
    const { file, said } = stack(`
  web:
    <<: *base
    volumes: [ "SHARED" ]
    environment: { V: "\${V:-1}" }
    post_start: [ { command: ${say('begin')} } ]
    pre_stop: [ { command: ${say('end')} } ]
`);
    const steps: [string[], string, Record<string, string>?][] = [
      [['up', '-d'], 'begin'],
      [['stop'], 'begin end'],
      [['start'], 'begin end begin'],
      [['restart'], 'begin end begin end begin'],
      [['up', '-d'], 'begin end begin end begin end begin', { V: '2' }],
      [['kill'], 'begin end begin end begin end begin'],
    ];
    for (const [args, expected, env = {}] of steps) {
      await host.ok(['-f', file, ...args], { env });
      assert.equal(said().trim().split('\n').join(' '), expected, args.join(' '));
    }
    await until(
      () => host.ps(file),
      (rows) => rows.every(({ State }) => State === 'exited'),
    );
    await host.ok(['-f', file, 'up', '-d'], { env: { V: '2' } });
    await host.ok(['-f', file, 'down', '-t', '0']);
    assert.equal(said().trim().split('\n').slice(-2).join(' '), 'begin end');
  });

  it('before a stop run as who and where they say', async () => {
    const { file, said } = stack(`
  web:
    <<: *base
    user: "1000"
    environment: { A: service, B: service }
    volumes: [ "SHARED" ]
    pre_stop:
      - command: [ "sh", "-c", "echo $$(id -u) $$PWD $$A $$B >> /shared/said" ]
        user: root
        working_dir: /usr
        environment: { B: hook }
      - { command: "mount -t tmpfs none /tmp", user: root, privileged: true }
`);
    await host.ok(['-f', file, 'up', '-d']);
    await host.ok(['-f', file, 'stop']);
    assert.equal(said(), '0 /usr service hook\n');
  });

  it('before containers of a service have privileges only where they ask for them', async () => {
    const mount = 'command: "mount -t tmpfs none /tmp"';
    const allowed = stack(`  web: { <<: *base, pre_start: [ { ${mount}, privileged: true } ] }`);
    await host.ok(['-f', allowed.file, 'up', '-d']);
    const refused = stack(`  web: { <<: *base, pre_start: [ { ${mount} } ] }`);
    const { code, stderr } = await host.run(['-f', refused.file, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(stderr, /web pre_start\[0\] hook exited with status/);
  });

  it('before a stop that fail fail stop, restart and down; the container ends all the same', async () => {
    const { file } = stack('  test: { <<: *base, pre_stop: [ { command: "sh -c \'exit 9\'" } ] }');
    await host.ok(['-f', file, 'up', '-d']);
    for (const verb of ['restart', 'stop']) {
      const { code, stderr } = await host.run(['-f', file, verb]);
      assert.equal(code, 1, `${verb}: ${stderr}`);
      assert.match(stderr, /test hook exited with status 9/);
    }
    assert.equal((await host.ps(file))[0]?.State, 'exited');
    await host.ok(['-f', file, 'stop']);
    await host.ok(['-f', file, 'up', '-d']);
    const { code, stderr } = await host.run(['-f', file, 'down']);
    assert.equal(code, 1);
    assert.match(stderr, /test hook exited with status 9/);
    assert.deepEqual(await host.ps(file), []);
  });

  it('before a stop use up its grace, and are ended with it', async () => {
    const { file, said } = stack(`
  test:
    <<: *base
    stop_grace_period: 2s
    command: [ "sh", "-c", "trap 'echo signal >> /shared/said' TERM; while true; do sleep 0.05; done" ]
    volumes: [ "SHARED" ]
    pre_stop: [ { command: "sleep 100" }, { command: ${say('never')} } ]
`);
    await host.ok(['-f', file, 'up', '-d']);
    const [began, beganCalm] = [performance.now(), calmMs()];
    const { code, stderr } = await host.run(['-f', file, 'stop']);
    const [tookMs, tookCalmMs] = [performance.now() - began, calmMs() - beganCalm];
    assert.equal(code, 1);
    assert.match(stderr, /test hook did not end within \d+ ms/);
    assert.equal(said().includes('never'), false);
    assert.ok(tookMs >= 1900 && tookCalmMs < 8000, `${tookMs} ms`);
  });

  it('before containers of a service run once in order, with its volumes and networks, as and where they say', async () => {
    const { file, said } = stack(`
  db: { <<: *base }
  web:
    <<: *base
    scale: 2
    user: "1000"
    working_dir: /tmp
    environment: { A: service, B: service }
    depends_on: [ db ]
    volumes: [ "SHARED", "data:/data", "/anonymous" ]
    command: [ "sh", "-c", "cat /data/made; ls /anonymous; exec sleep 100000" ]
    pre_start:
      - command: [ "sh", "-c", "id -u; pwd; echo $$A $$B; touch /anonymous/there; ping -c 1 -W 5 db > /dev/null && echo reached db" ]
        environment: { B: hook }
        user: "0"
      - image: "${other}"
        command: [ "sh", "-c", "id -u; pwd; echo from the hook > /data/made; echo once >> /shared/said" ]
      - command: [ "sh", "-c", "echo each >> /shared/said" ]
        user: root
        per_replica: true
volumes: { data: {} }
`);
    await host.ok(['-f', file, 'up', '-d']);
    assert.equal(said(), 'once\neach\neach\n');
    const log = await until(
      async () => (await host.ok(['-f', file, 'logs', '--no-log-prefix', '--index', '1', 'web'])).stdout,
      (text) => text.endsWith('there\n'),
    );
    assert.equal(log, '0\n/tmp\nservice hook\nreached db\n0\n/\nfrom the hook\nthere\n');
    assert.equal((await host.ps(file)).length, 3, 'the containers of hooks are gone');
    const again: [string[], string][] = [
      [['up', '-d'], ''],
      [['up', '-d', '--scale', 'web=3'], 'each'],
      [['restart', 'web'], ''],
      [['up', '-d', '--force-recreate', '--scale', 'web=3'], 'once each each each'],
      [['stop'], ''],
      [['start'], 'once each each each'],
    ];
    for (const [args, news] of again) {
      const before = said();
      await host.ok(['-f', file, ...args]);
      assert.equal(said().slice(before.length).trim().split('\n').join(' '), news, args.join(' '));
    }
  });

  it('before containers of a service wait for dependencies only where the start does', async () => {
    const { file, said } = stack(`
  db: { <<: *base }
  web: { <<: *base, depends_on: [ db ], volumes: [ "SHARED" ], pre_start: [ { command: ${say('ready')} } ] }
`);
    await host.ok(['-f', file, 'up', '-d', '--no-deps', 'web']);
    assert.equal(said(), 'ready\n');
    assert.deepEqual(
      (await host.ps(file)).map(({ Service }) => Service),
      ['web'],
    );
  });

  it('before containers of a service that fail leave it created, are kept to be looked at, and go with down', async () => {
    const { file, said } = stack(`
  web:
    <<: *base
    volumes: [ "SHARED" ]
    pre_start:
      - command: ${say('first')}
      - command: "sh -c 'echo no table; test -e /shared/repaired || exit 3'"
      - command: ${say('third')}
  after: { <<: *base, depends_on: [ web ] }
`);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(stderr, /web pre_start\[1\] hook exited with status 3/);
    const states = async (): Promise<string[]> =>
      (await host.ps(file)).map(({ Name, State }) => `${Name.replace(/^hooks\d+-/, '')} ${State}`).sort();
    assert.deepEqual(await states(), ['after-1 created', 'web-1 created', 'web-1-pre-start-2 exited']);
    assert.match((await host.ok(['-f', file, 'logs', 'web'])).stdout, /no table/);
    assert.equal((await host.run(['-f', file, 'up', '-d'])).code, 1);
    assert.equal(said(), 'first\nfirst\n');
    host.write(`shared-${count}/repaired`, '');
    await host.ok(['-f', file, 'up', '-d']);
    assert.equal(said(), 'first\nfirst\nfirst\nthird\n');
    assert.deepEqual(await states(), ['after-1 running', 'web-1 running']);
    await host.ok(['-f', file, 'down']);

    const broken = stack('  web: { <<: *base, pre_start: [ { command: nosuchprogram } ] }');
    const missing = await host.run(['-f', broken.file, 'up', '-d']);
    assert.match(missing.stderr, /web pre_start\[0\] hook exited with status 127/);
    await host.ok(['-f', broken.file, 'down']);
    assert.deepEqual(await host.ps(broken.file), []);
  });

  it('show what they say in an attached up, also those that Ctrl-C sets off', async () => {
    const { file } = stack(`
  web:
    <<: *base
    pre_start: [ { command: "echo prepared" } ]
    post_start: [ { command: "echo started" } ]
    pre_stop: [ { command: "echo stopping" } ]
`);
    const child = host.spawn(['-f', file, 'up']);
    let shown = '';
    child.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    child.stderr?.resume();
    await until(
      async () => shown,
      (text) => text.includes('started'),
    );
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    assert.equal(await closed, 130);
    assert.match(shown, /web-1 -> +\| prepared\nweb-1 -> +\| started\n(.*\n)*web-1 -> +\| stopping\n/);
  });

  it('that the daemon left behind run again after it has come back', async () => {
    const { file, said } = stack(`
  web:
    <<: *base
    volumes: [ "SHARED" ]
    post_start:
      - command: ${say('first')}
      - command: [ "sh", "-c", "echo second >> /shared/said; mkdir /shared/begun || exit 0; sleep 1000" ]
      - command: ${say('third')}
`);
    const up = host.run(['-f', file, 'up', '-d']);
    await until(
      async () => said(),
      (text) => text.includes('second'),
    );
    await host.killDaemon();
    await up;
    await host.ok(['-f', file, 'up', '-d']);
    assert.equal(said(), 'first\nsecond\nsecond\nthird\n');
  });
});
