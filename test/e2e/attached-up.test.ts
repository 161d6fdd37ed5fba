import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { RunningCommand } from '../support/running-command.ts';
import { TestHost, until } from '../support/test-host.ts';

/** A service that runs a script; YAML takes JSON strings, and `$` is doubled for interpolation. */
function script(text: string): string {
  return `image: "busybox:test", command: ["sh", "-c", ${JSON.stringify(text.replaceAll('$', '$$$$'))}]`;
}

/** Runs until it gets SIGTERM, then ends with 143 like a program without a handler. */
const patient = `${script('trap "echo bye; exit 143" TERM; echo hello; while :; do sleep 0.05; done')}, stop_grace_period: 20s`;
/** As `patient`, and healthy as soon as it does so. */
const heeding = `${script('trap "echo bye; exit 143" TERM; echo hello; touch /heeds; while :; do sleep 0.05; done')}, stop_grace_period: 20s, healthcheck: { test: [CMD, test, -e, /heeds], start_period: 60s, start_interval: 100ms }`;
const afterB = 'depends_on: { b: { condition: service_healthy } }';
/** Does not end for SIGTERM. */
const stubborn = `${script('trap "echo no" TERM; echo hello; while :; do sleep 0.05; done')}, stop_grace_period: 60s`;

describe('up without -d', () => {
  const host = new TestHost();

  function stack(name: string, services: Readonly<Record<string, string>>): string {
    const lines = Object.entries(services).map(([key, text]) => `  ${key}: { ${text} }\n`);
    return host.write(`${name}.yml`, `name: ${name}\nservices:\n${lines.join('')}`);
  }
  async function states(file: string): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await host.ps(file)).map(({ Service, State }) => [Service, State]));
  }
  const up = (file: string, ...args: readonly string[]): ReturnType<TestHost['run']> =>
    host.run(['-f', file, 'up', ...args]);
  /** Lines of a container, without its prefix. */
  function linesOf(stdout: string, label: string): readonly string[] {
    const start = new RegExp(`^${label} +\\| `);
    return stdout.split('\n').flatMap((line) => (start.test(line) ? [line.replace(start, '')] : []));
  }

  before(async () => host.ok(['load', '-i', (await busyboxImage()).dockerArchive]));
  after(() => host.stop());

  it('shows every line of containers that end at once, streams apart, and ends with 0 when all have ended', async () => {
    const services = Object.fromEntries(
      ['a', 'b', 'longer'].map((name) => [
        name,
        script(`for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf open`),
      ]),
    );
    const file = stack('fast', services);
    const { code, stdout, stderr } = await up(file);
    assert.equal(code, 0);
    for (const label of ['a-1     ', 'b-1     ', 'longer-1']) {
      assert.deepEqual(linesOf(stdout, label), ['out 1', 'out 2', 'out 3', 'open'], label);
      assert.deepEqual(linesOf(stderr, label), ['err 1', 'err 2', 'err 3'], label);
    }
    for (const label of ['a-1', 'b-1', 'longer-1'])
      assert.match(stdout, new RegExp(`^${label} exited with code 0$`, 'm'));
    assert.ok(stdout.indexOf('a-1 exited') > stdout.lastIndexOf('a-1       | '));
    assert.match(stderr, /Container fast-a-1 Created/);
  });

  it('shows only new output when it is brought up again', async () => {
    const file = stack('twice', { a: script('echo once') });
    assert.deepEqual(linesOf((await up(file)).stdout, 'a-1'), ['once']);
    assert.deepEqual(linesOf((await up(file)).stdout, 'a-1'), ['once']);
  });

  it('says nothing of ends before it was brought up again, which end nothing either', async () => {
    const check = 'healthcheck: { test: [CMD, "true"], interval: 200ms, start_period: 5s, start_interval: 200ms }';
    const file = stack('again', {
      db: `${script('exec sleep 100000')}, ${check}`,
      // The database is waited for, so that this one is seen in its old state at first.
      job: `${script('exit 4')}, depends_on: { db: { condition: service_healthy } }`,
    });
    await host.run(['-f', file, 'up', '-d']);
    await host.run(['-f', file, 'wait', 'job']);
    await host.ok(['-f', file, 'stop', '-t', '0']);
    const { code, stdout } = await up(file, '--abort-on-container-exit', '-t', '0');
    assert.equal(code, 4);
    assert.equal(stdout.split('job-1 exited').length, 2, stdout);
    assert.equal(stdout.split('db-1 exited').length, 2, stdout);
  });

  it('refuses flags that name services which are not there', async () => {
    const file = stack('named', { web: script('true') });
    for (const flag of ['--attach', '--no-attach', '--exit-code-from']) {
      const { code, stderr } = await up(file, flag, 'wep');
      assert.deepEqual([code, stderr], [1, `error: ${flag}: no such service: wep\nhint: did you mean "web"?\n`]);
    }
    assert.match(
      (await up(file, '--scale', 'wep=2')).stderr,
      /--scale: no such service: wep\nhint: did you mean "web"/,
    );
    assert.deepEqual(await states(file), {});
  });

  it('shows lines without prefixes, with times, of chosen services', async () => {
    const file = stack('chosen', {
      a: script('echo from a'),
      b: script('echo from b'),
      c: `${script('echo from c')}, attach: false`,
    });
    assert.match((await up(file, '--no-log-prefix', '--attach', 'a')).stdout, /^from a$/m);
    const without = await up(file, '--no-attach', 'a');
    assert.deepEqual(linesOf(without.stdout, '[a-c]-1'), ['from b']);
    const stamped = await up(file, '--timestamps', '--attach', 'c');
    assert.match(linesOf(stamped.stdout, 'c-1')[0] ?? '', /^\d{4}-.*Z from c$/);
  });

  it('stops gracefully at Ctrl-C, shows the last words, and exits with 130', async () => {
    const file = stack('interrupt', { a: patient, b: patient });
    const attached = new RunningCommand(host, ['-f', file, 'up']);
    await attached.shows('a-1  | hello');
    await attached.shows('b-1  | hello');
    attached.signal('SIGINT');
    assert.equal(await attached.ended(), 130);
    assert.deepEqual(linesOf(attached.stdout, 'a-1'), ['hello', 'bye']);
    assert.match(attached.stderr, /Gracefully Stopping/i);
    assert.match(attached.stderr, /Container interrupt-a-1 Stopped/);
    assert.deepEqual(await states(file), { a: 'exited', b: 'exited' });
    assert.deepEqual(
      (await host.ps(file)).map(({ ExitCode }) => ExitCode),
      [143, 143],
    );
  });

  it('kills at the second Ctrl-C', async () => {
    const file = stack('force', { a: stubborn });
    const attached = new RunningCommand(host, ['-f', file, 'up']);
    await attached.shows('a-1  | hello');
    attached.signal('SIGINT');
    await attached.shows('a-1  | no');
    attached.signal('SIGINT');
    assert.equal(await attached.ended(), 130);
    const [row] = await host.ps(file);
    assert.equal(row?.State, 'exited');
    assert.equal(row.ExitCode, 137);
  });

  it('stops what it has begun when it is interrupted before everything runs', async () => {
    const file = stack('early', {
      a: `${patient}, healthcheck: { test: [CMD, "false"], interval: 1h }`,
      b: `${patient}, depends_on: { a: { condition: service_healthy } }`,
    });
    const attached = new RunningCommand(host, ['-f', file, 'up']);
    await attached.shows('a-1  | hello');
    attached.signal('SIGTERM');
    assert.equal(await attached.ended(), 130);
    assert.deepEqual(await states(file), { a: 'exited', b: 'created' });
  });

  it('leaves what it has begun to itself when it was detached: only the command ends', async () => {
    const check = 'healthcheck: { test: [CMD, test, -e, /tmp/ready], interval: 100ms, retries: 1000 }';
    const file = stack('watched', {
      a: `${patient}, ${check}`,
      b: `${patient}, depends_on: { a: { condition: service_healthy } }`,
    });
    const detached = new RunningCommand(host, ['-f', file, 'up', '-d']);
    await detached.shows('watched-a-1 Started');
    detached.signal('SIGINT');
    assert.equal(await detached.ended(), 130);
    assert.match(detached.stderr, /Interrupted: what was asked for goes on/);
    await host.ok(['-f', file, 'exec', 'a', 'touch', '/tmp/ready']);
    const { a } = await until(
      () => states(file),
      ({ b }) => b === 'running',
    );
    assert.equal(a, 'running');
    await host.ok(['-f', file, 'down', '-t', '5']);
  });

  it('leaves dependencies of the named services running', async () => {
    const file = stack('narrow', { db: patient, app: `${patient}, depends_on: [db]`, other: patient });
    const attached = new RunningCommand(host, ['-f', file, 'up', 'app']);
    await attached.shows('app-1  | hello');
    attached.signal('SIGINT');
    assert.equal(await attached.ended(), 130);
    assert.deepEqual(linesOf(attached.stdout, 'db-1'), []);
    assert.deepEqual(await states(file), { app: 'exited', db: 'running' });
    await host.ok(['-f', file, 'down', '-t', '5']);
  });

  it('ends with the named service though its dependency runs on, whose output is shown on request', async () => {
    const check = 'healthcheck: { test: test -e /said, start_period: 20s, start_interval: 100ms }';
    const db = `${script('trap "exit 143" TERM; echo hello; touch /said; while :; do sleep 0.05; done')}, ${check}`;
    const waits = 'depends_on: { db: { condition: service_healthy } }';
    const file = stack('short', { db, app: `${script('echo done')}, ${waits}` });
    const plain = await up(file, 'app');
    assert.equal(plain.code, 0);
    assert.deepEqual(linesOf(plain.stdout, 'db-1'), []);
    assert.deepEqual(await states(file), { app: 'exited', db: 'running' });
    await host.ok(['-f', file, 'down', '-t', '5']);
    const shown = await up(file, '--attach-dependencies', 'app');
    assert.deepEqual(linesOf(shown.stdout, 'app-1'), ['done']);
    assert.deepEqual(linesOf(shown.stdout, 'db-1').slice(0, 1), ['hello']);
    await host.ok(['-f', file, 'down', '-t', '5']);
  });

  it('--abort-on-container-exit stops all with the code of the first', async () => {
    const file = stack('abort', { a: `${script('exit 5')}, ${afterB}`, b: heeding });
    const { code, stdout } = await up(file, '--abort-on-container-exit');
    assert.equal(code, 5);
    assert.deepEqual(linesOf(stdout, 'b-1'), ['hello', 'bye']);
    assert.deepEqual(await states(file), { a: 'exited', b: 'exited' });
    const clean = stack('clean', { a: `${script('exit 0')}, ${afterB}`, b: heeding });
    assert.equal((await up(clean, '--abort-on-container-exit')).code, 0);
  });

  it('--abort-on-container-failure ignores good ends', async () => {
    const later =
      'depends_on: { good: { condition: service_completed_successfully }, b: { condition: service_healthy } }';
    const file = stack('failure', { good: script('exit 0'), bad: `${script('exit 111')}, ${later}`, b: heeding });
    const { code, stdout } = await up(file, '--abort-on-container-failure');
    assert.equal(code, 111);
    assert.match(stdout, /good-1 exited with code 0/);
    assert.deepEqual(await states(file), { b: 'exited', bad: 'exited', good: 'exited' });
  });

  it('--exit-code-from gives the code of that service, also of one that was stopped', async () => {
    const own = stack('own', { a: script('sleep 0.2; exit 42'), b: patient });
    assert.equal((await up(own, '--exit-code-from', 'a')).code, 42);
    const stopped = stack('stopped', { a: `${script('exit 1')}, ${afterB}`, b: heeding });
    assert.equal((await up(stopped, '--exit-code-from', 'b')).code, 143);
    assert.equal((await up(stopped, '--exit-code-from', 'nobody')).code, 1);
  });

  it('is not ended by a one-off', async () => {
    const file = stack('oneoff', { a: patient });
    const attached = new RunningCommand(host, ['-f', file, 'up', '--abort-on-container-exit']);
    await attached.shows('a-1  | hello');
    assert.equal((await host.run(['-f', file, 'run', '--rm', '-T', 'a', 'sh', '-c', 'exit 3'])).code, 3);
    assert.deepEqual(await states(file), { a: 'running' });
    attached.signal('SIGINT');
    assert.equal(await attached.ended(), 130);
  });

  it('shows every run of a container that restarts, with its exit code', async () => {
    const file = stack('restarts', { a: `${script('echo attempt; exit 1')}, restart: "on-failure:2"` });
    const { code, stdout } = await up(file);
    assert.equal(code, 0);
    assert.deepEqual(linesOf(stdout, 'a-1'), ['attempt', 'attempt', 'attempt']);
    assert.equal(stdout.split('a-1 exited with code 1').length - 1, 3);
  });

  it('follows containers that others stop, start and scale meanwhile', async () => {
    const file = stack('others', { a: patient });
    const attached = new RunningCommand(host, ['-f', file, 'up']);
    await attached.shows('a-1  | hello');
    await host.ok(['-f', file, 'restart', 'a']);
    await until(
      () => Promise.resolve(linesOf(attached.stdout, 'a-1')),
      (lines) => lines.length === 3,
    );
    await host.ok(['-f', file, 'stop']);
    assert.equal(await attached.ended(), 0);
    assert.deepEqual(linesOf(attached.stdout, 'a-1'), ['hello', 'bye', 'hello', 'bye']);
  });

  it('ends with 1 when a container cannot be started', async () => {
    const file = stack('missing', { a: 'image: "busybox:test", command: no-such-program', b: patient });
    const { code, stderr } = await up(file);
    assert.equal(code, 1);
    assert.match(stderr, /no-such-program/);
    await host.ok(['-f', file, 'down', '-t', '5']);
  });

  it('shows all of a large output', async () => {
    const count = 100_000;
    const file = stack('large', { a: script(`seq ${count}`), b: script(`seq ${count}`) });
    const { stdout } = await up(file, '--no-color');
    const expected = Array.from({ length: count }, (_, index) => String(index + 1));
    for (const label of ['a-1', 'b-1']) assert.ok(linesOf(stdout, label).join() === expected.join(), label);
  });

  /** What a container has counted, as far as a command shows it. */
  function counted(stdout: string): readonly number[] {
    return linesOf(stdout, 'web-1').map((line) => Number(line.replace('count ', '')));
  }

  it('goes on when the daemon ends, without a line lost or twice, and so do logs -f; exec says what has happened', async () => {
    const web = script('trap "exit 0" TERM; i=0; while :; do echo count $i; i=$((i+1)); sleep 0.02; done');
    const file = stack('steady', { web });
    const attached = new RunningCommand(host, ['-f', file, 'up']);
    await attached.shows('count 20');
    const following = new RunningCommand(host, ['-f', file, 'logs', '-f']);
    await following.shows('count 20');
    const session = new RunningCommand(host, ['-f', file, 'exec', '-T', 'web', 'sh', '-c', 'echo begun; sleep 1000']);
    await session.shows('begun');
    const pid = (await host.pids(file))['steady-web-1'];
    await host.killDaemon();
    assert.notEqual(await session.ended(), 0);
    assert.match(session.stderr, /the session in steady-web-1 is cut off[^]*the container runs on/);
    for (const command of [attached, following]) {
      await command.shows('the daemon is back');
      const last = counted(command.stdout).at(-1) ?? 0;
      await command.shows(`count ${last + 50}\n`);
    }
    assert.equal((await host.pids(file))['steady-web-1'], pid);
    following.signal('SIGINT');
    attached.signal('SIGINT');
    await attached.ended();
    await following.ended();
    for (const { stdout } of [attached, following]) {
      const numbers = counted(stdout.slice(0, stdout.lastIndexOf('\n')));
      assert.deepEqual(numbers, [...numbers.keys()]);
    }
  });
});
