import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { before, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { until, type TestHost } from '../support/test-host.ts';
import { untilCatching } from '../support/until-catching.ts';

const stack = `
name: verbs
services:
  web: { image: "busybox:test", init: true, command: sleep 100000, scale: 2 }
  job: { image: "busybox:test", command: ["sh", "-c", "trap 'exit 7' TERM USR1; trap 'sleep 3; exit 7' USR2; while :; do sleep 0.05; done"] }
`;

const copying = `
name: copied
x-base: &base { image: "busybox:test", init: true, command: sleep 100000 }
services:
  app: { <<: *base, scale: 2, volumes: ["data:/data"] }
  fixed: { <<: *base, read_only: true, volumes: ["data:/data"] }
volumes: { data: {} }
`;

describe('verbs that act on containers', () => {
  const host = busyboxHost();
  let file = '';

  async function states(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await host.ps(file)).map(({ Name, State }) => [Name, State]));
  }
  async function exitCode(name: string): Promise<number | undefined> {
    return (await host.ps(file)).find(({ Name }) => Name === name)?.ExitCode;
  }
  /** The job has set the last of its traps. */
  const jobTraps = (): Promise<void> => untilCatching(host, file, 'verbs-job-1', 'SIGUSR2');
  const run = (...args: readonly string[]): ReturnType<TestHost['run']> => host.run(['-f', file, ...args]);
  const ok = (...args: readonly string[]): ReturnType<TestHost['ok']> => host.ok(['-f', file, ...args]);

  before(async () => {
    file = host.write('stack.yml', stack);
    await ok('up', '-d');
    await jobTraps();
  });

  it('stop ends only what is named, twice is no error, and nothing goes to stdout', async () => {
    const { stderr, stdout } = await ok('stop', 'job');
    assert.match(stderr, /Container verbs-job-1 Stopping\n(.*\n)*Container verbs-job-1 Stopped/);
    assert.equal(stdout, '');
    assert.deepEqual(await states(), { 'verbs-job-1': 'exited', 'verbs-web-1': 'running', 'verbs-web-2': 'running' });
    assert.equal(await exitCode('verbs-job-1'), 7);
    assert.equal((await ok('stop', 'job')).stdout, '');
  });

  it('stop goes on when who has asked for it is gone', async () => {
    const command = `["sh", "-c", "trap 'sleep 1; exit 8' TERM; while :; do sleep 0.05; done"]`;
    const slow = host.write('slow.yml', `name: slow\nservices:\n  a: { image: "busybox:test", command: ${command} }\n`);
    await host.ok(['-f', slow, 'up', '-d']);
    await untilCatching(host, slow, 'slow-a-1', 'SIGTERM');
    const client = host.spawn(['-f', slow, 'stop']);
    for await (const line of client.stderr ?? []) if (String(line).includes('Stopping')) break;
    client.kill('SIGKILL');
    const [row] = await until(
      () => host.ps(slow),
      ([container]) => container?.State === 'exited',
    );
    assert.equal(row?.ExitCode, 8);
    await host.ok(['-f', slow, 'down']);
  });

  it('start brings the same container back, and starting what runs changes nothing', async () => {
    const ids = (await host.ps(file)).map(({ ID }) => ID);
    const { stderr } = await ok('start', 'job');
    assert.match(stderr, /Container verbs-job-1 Started/);
    const pids = await host.pids(file);
    await ok('start');
    assert.deepEqual(await host.pids(file), pids);
    assert.deepEqual(
      (await host.ps(file)).map(({ ID }) => ID),
      ids,
    );
  });

  it('restart gives each container a new process', async () => {
    const old = await host.pids(file);
    const { stderr } = await ok('restart', 'web');
    assert.match(stderr, /Container verbs-web-1 Restarting\n(.*\n)*Container verbs-web-1 (Restarted|Started)/);
    const now = await host.pids(file);
    assert.equal(now['verbs-job-1'], old['verbs-job-1']);
    assert.notEqual(now['verbs-web-1'], old['verbs-web-1']);
    assert.notEqual(now['verbs-web-2'], old['verbs-web-2']);
  });

  it('restart starts what has ended', async () => {
    await ok('stop', 'job');
    await ok('restart', 'job');
    assert.equal((await states())['verbs-job-1'], 'running');
  });

  it('kill sends SIGKILL, or the signal that is named', async () => {
    await jobTraps();
    assert.match((await ok('kill', '-s', 'SIGUSR1', 'job')).stderr, /Container verbs-job-1 Killed/);
    await until(states, (all) => all['verbs-job-1'] === 'exited');
    assert.equal(await exitCode('verbs-job-1'), 7);
    await ok('start', 'job');
    await ok('kill', 'job');
    await until(states, (all) => all['verbs-job-1'] === 'exited');
    assert.equal(await exitCode('verbs-job-1'), 137);
    assert.match((await ok('kill', 'job')).stderr, /No container to kill/);
    assert.equal((await run('kill', '-s', 'SIGNONSENSE', 'web')).code, 1);
    await ok('start', 'job');
  });

  it('pause freezes, unpause lets go on, and pausing twice is an error', async () => {
    await ok('pause', 'job');
    assert.equal((await states())['verbs-job-1'], 'paused');
    const { code, stderr } = await run('pause', 'job');
    assert.equal(code, 1);
    assert.match(stderr, /verbs-job-1.* paused/);
    await ok('unpause', 'job');
    assert.equal((await states())['verbs-job-1'], 'running');
    assert.equal((await run('unpause', 'job')).code, 1);
    await ok('stop', 'job');
    await ok('pause', 'job');
    assert.equal((await run('pause', 'nobody')).code, 1);
  });

  it('stop ends a paused container', async () => {
    await ok('start', 'job');
    await ok('pause', 'job');
    await ok('stop', '-t', '3', 'job');
    assert.equal((await states())['verbs-job-1'], 'exited');
  });

  it('rm removes stopped containers only, asks first, and says when there are none', async () => {
    const refused = await host.run(['-f', file, 'rm', 'job'], { stdin: 'n\n' });
    assert.match(refused.stderr + refused.stdout, /Going to remove verbs-job-1/);
    assert.equal((await states())['verbs-job-1'], 'exited');
    await host.ok(['-f', file, 'rm', 'job'], { stdin: 'y\n' });
    assert.equal((await states())['verbs-job-1'], undefined);
    assert.match((await ok('rm', '-f')).stderr, /No stopped containers/);
    await ok('rm', '-f', '-s', 'web');
    assert.deepEqual(await states(), {});
    assert.equal((await run('start')).code, 1);
    await ok('up', '-d');
  });

  it('scale changes the numbers of several services at once and keeps the rest', async () => {
    const old = await host.pids(file);
    await ok('scale', 'web=3', 'job=2');
    const now = await host.pids(file);
    assert.deepEqual(Object.keys(now).length, 5);
    for (const [name, pid] of Object.entries(old)) assert.equal(now[name], pid, name);
    await ok('scale', 'job=0');
    assert.deepEqual(Object.keys(await host.pids(file)), ['verbs-web-1', 'verbs-web-2', 'verbs-web-3']);
    assert.equal((await run('scale', 'web')).code, 1);
    assert.equal((await run('scale', 'web=many')).code, 1);
    await ok('up', '-d');
    assert.deepEqual(Object.keys(await host.pids(file)), ['verbs-job-1', 'verbs-web-1', 'verbs-web-2']);
  });

  it('wait blocks until the named service ends and passes its code on', async () => {
    await jobTraps();
    const waiting = run('wait', 'job');
    // Not before the other command has looked at what runs.
    await ok('kill', '-s', 'USR2', 'job');
    const { code, stdout } = await waiting;
    assert.equal(code, 7);
    assert.match(stdout, /verbs-job-1.* 7/);
    assert.equal((await run('wait', 'job')).code, 1);
  });

  it('wait --down-project takes the stack down when the service has ended', async () => {
    await ok('up', '-d');
    await jobTraps();
    const waiting = run('wait', '--down-project', 'job');
    await ok('kill', '-s', 'USR2', 'job');
    assert.equal((await waiting).code, 7);
    assert.deepEqual(await states(), {});
  });

  it('create makes containers and starts none, start then does', async () => {
    await ok('create');
    assert.deepEqual(new Set(Object.values(await states())), new Set(['created']));
    await ok('start');
    assert.deepEqual(new Set(Object.values(await states())), new Set(['running']));
    await ok('stop', '-t', '0');
    assert.equal(await exitCode('verbs-web-1'), 137);
    await ok('down');
    await ok('up', '--no-start');
    assert.deepEqual(new Set(Object.values(await states())), new Set(['created']));
    await ok('up', '-d');
    assert.deepEqual(new Set(Object.values(await states())), new Set(['running']));
  });

  it('act by name alone, without the file', async () => {
    await host.ok(['-p', 'verbs', 'restart', 'job']);
    await host.ok(['-p', 'verbs', 'stop', 'job']);
    assert.equal((await states())['verbs-job-1'], 'exited');
    await host.ok(['-p', 'verbs', 'start', 'job']);
    assert.equal((await states())['verbs-job-1'], 'running');
  });

  it('change nothing with --dry-run', async () => {
    const pids = await host.pids(file);
    for (const verb of [
      'stop',
      'restart',
      'kill',
      'pause',
      'down',
      'rm -f -s',
      'up -d --force-recreate',
      'scale web=5',
    ]) {
      const { stderr } = await ok('--dry-run', ...verb.split(' '));
      assert.match(stderr, /DRY-RUN MODE - /, verb);
    }
    assert.deepEqual(await host.pids(file), pids);
  });

  it('cp carries files into all containers of a service and out of the first, running or stopped', async () => {
    const copied = host.write('copied.yml', copying);
    const cp = (...args: readonly string[]): ReturnType<TestHost['run']> => host.run(['-f', copied, 'cp', ...args]);
    const inside = async (index: number, command: string): Promise<string> =>
      (await host.ok(['-f', copied, 'exec', '-T', '--index', String(index), 'app', 'sh', '-c', command])).stdout;
    await host.ok(['-f', copied, 'up', '-d']);
    const folder = mkdtempSync(join(tmpdir(), 'tsstack-cp-'));
    const binary = randomBytes(3_000_000);
    mkdirSync(join(folder, 'in/deep'), { recursive: true });
    writeFileSync(join(folder, 'in/deep/binary'), binary, { mode: 0o751 });
    symlinkSync('/etc/passwd', join(folder, 'in/link'));
    try {
      assert.deepEqual(await cp(join(folder, 'in'), 'app:/home/new'), { code: 0, stdout: '', stderr: '' });
      for (const index of [1, 2]) {
        assert.equal(
          await inside(index, 'cd /home/new; stat -c "%a %u:%g %s" deep/binary; readlink link'),
          '751 0:0 3000000\n/etc/passwd\n',
        );
      }
      assert.equal((await cp('app:/home/new/.', join(folder, 'out'))).code, 0);
      assert.ok(readFileSync(join(folder, 'out/deep/binary')).equals(binary));
      assert.equal(readlinkSync(join(folder, 'out/link')), '/etc/passwd');

      const archive = host.spawn(['-f', copied, 'cp', 'app:/home/new/deep', '-']);
      const bytes = await buffer(archive.stdout ?? assert.fail());
      assert.deepEqual(execFileSync('tar', ['-tf', '-'], { input: bytes }).toString().trim().split('\n'), [
        'deep/',
        'deep/binary',
      ]);
      const input = host.spawn(['-f', copied, 'cp', '--index', '2', '-', 'app:/tmp']);
      input.stdin?.end(bytes);
      assert.equal((await once(input, 'close'))[0], 0);
      assert.equal(await inside(2, 'ls /tmp/deep'), 'binary\n');

      assert.match((await cp('app:/nope', folder)).stderr, /container copied-app-1 has no \/nope/);
      assert.match((await cp(folder, 'app:/etc/hosts')).stderr, /\/etc\/hosts of container copied-app-1 is a file/);
      assert.match((await cp(copied, 'app:/etc/hosts')).stderr, /\/etc\/hosts is mounted there/);
      assert.match((await cp(copied, 'app:/a/b')).stderr, /copied-app-1 has no directory \/a\nhint: make it first/);
      assert.match((await cp(copied, 'fixed:/new')).stderr, /copied-fixed-1 is read-only at \/new/);
      assert.equal((await cp(copied, 'fixed:/data/kept')).code, 0);

      await host.ok(['-f', copied, 'stop', '-t', '0']);
      assert.equal((await cp(copied, 'app:/data/later')).code, 0);
      assert.equal((await cp(copied, 'app:/root')).code, 0);
      assert.match((await cp(copied, 'fixed:/new')).stderr, /copied-fixed-1 is read-only at \/new/);
      assert.equal((await cp('app:/root/copied.yml', join(folder, 'back'))).code, 0);
      assert.equal(readFileSync(join(folder, 'back'), 'utf8'), copying);
      // As after a start of the machine: what lies in the run root is gone.
      for (const { ID } of await host.ps(copied))
        rmSync(join(host.runRoot, 'containers', ID.slice(0, 12)), { recursive: true });
      assert.equal((await cp(copied, 'app:/root/rebooted')).code, 0);
      assert.equal((await cp(copied, 'app:/data/rebooted')).code, 0);
      // A start waits for a copy that is under way.
      const slow = host.spawn(['-f', copied, 'cp', '--index', '1', '-', 'app:/home']);
      slow.stdin?.write(bytes.subarray(0, 100_000));
      const arrived = join(host.dataRoot, 'containers/*/upper/home/deep');
      await until(
        () => Promise.resolve(globSync(arrived)),
        (found) => found.length > 0,
      );
      const started = host.ok(['-f', copied, 'start']);
      slow.stdin?.end(bytes.subarray(100_000));
      assert.equal((await once(slow, 'close'))[0], 0);
      await started;
      assert.equal(await inside(1, 'stat -c %s /home/deep/binary'), '3000000\n');
      const kept = await inside(1, 'cat /data/later /root/copied.yml /root/rebooted /data/rebooted');
      assert.equal(kept, copying.repeat(4));
    } finally {
      rmSync(folder, { recursive: true });
      await host.ok(['-f', copied, 'down', '-v', '-t', '0']);
    }
  });

  it('refuse services that do not exist, with the nearest name', async () => {
    for (const verb of ['stop', 'start', 'restart', 'kill', 'pause', 'rm', 'wait', 'logs', 'ps', 'top', 'up', 'down']) {
      const { code, stderr } = await run(verb, 'wep');
      assert.equal(code, 1, verb);
      assert.match(stderr, /no such service: wep[^]*"?web"?/, verb);
    }
  });

  it('down says what it does, leaves no process, and a second one says that there is nothing', async () => {
    const pids = Object.values(await host.pids(file));
    const { stderr, stdout } = await ok('down');
    for (const line of [
      'Container verbs-web-2 Removed',
      'Container verbs-job-1 Removed',
      'Network verbs_default Removed',
    ]) {
      assert.ok(stderr.includes(line), line);
    }
    assert.equal(stdout, '');
    for (const pid of pids) assert.equal(existsSync(`/proc/${pid}`), false);
    assert.match((await ok('down')).stderr, /No resource found to remove for project "verbs"/);
  });
});
