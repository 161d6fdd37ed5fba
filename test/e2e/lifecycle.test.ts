import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { before, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { RunningCommand } from '../support/running-command.ts';
import { until, untilGone } from '../support/test-host.ts';

const stack = (web: string): string => `
name: life
services:
  web:
    image: busybox:test
    command: sleep 100000
    init: true
    stop_grace_period: 1s
    environment: { VERSION: "${web}" }
  db:
    image: busybox:test
    command: sleep 100000
    init: true
    stop_grace_period: 1s
    volumes: [numbers:/data]
volumes:
  numbers:
`;

describe('the life of a stack', () => {
  const host = busyboxHost();
  let file = '';

  before(async () => {
    file = host.write('stack.yml', stack('1'));
  });

  it('comes up with one command and shows every container as running', async () => {
    await host.ok(['-f', file, 'up', '-d']);
    const rows = await host.ps(file);
    assert.deepEqual(rows.map(({ Name, State }) => [Name, State]).toSorted(), [
      ['life-db-1', 'running'],
      ['life-web-1', 'running'],
    ]);
  });

  it('changes no process when it is brought up again', async () => {
    const before = await host.pids(file);
    const { stderr } = await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await host.pids(file), before);
    assert.doesNotMatch(stderr, /Recreate|Created|Starting/);
  });

  it('says so beforehand: the plan of an unchanged stack is empty', async () => {
    const { stdout } = await host.ok(['-f', file, 'plan']);
    assert.match(stdout, /no changes/i);
  });

  it('replaces only the service whose environment was edited', async () => {
    const old = await host.pids(file);
    host.write('stack.yml', stack('2'));
    const { stdout: plan } = await host.ok(['-f', file, 'plan']);
    assert.match(plan, /web/);
    assert.match(plan, /environment/);
    assert.doesNotMatch(plan, /replace.*db/);
    await host.ok(['-f', file, 'up', '-d']);
    const now = await host.pids(file);
    assert.equal(now['life-db-1'], old['life-db-1']);
    assert.notEqual(now['life-web-1'], old['life-web-1']);
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', 'web', 'sh', '-c', 'echo $VERSION']);
    assert.equal(stdout.trim(), '2');
  });

  it('keeps the others when a service is scaled up and down', async () => {
    const old = await host.pids(file);
    await host.ok(['-f', file, 'up', '-d', '--scale', 'web=3']);
    const scaled = await host.pids(file);
    assert.deepEqual(Object.keys(scaled).toSorted(), ['life-db-1', 'life-web-1', 'life-web-2', 'life-web-3']);
    assert.equal(scaled['life-web-1'], old['life-web-1']);
    await host.ok(['-f', file, 'scale', 'web=1']);
    assert.deepEqual(await host.pids(file), old);
  });

  it('stops and starts the same containers', async () => {
    const ids = (await host.ps(file)).map(({ ID }) => ID).toSorted();
    await host.ok(['-f', file, 'stop']);
    const stopped = await host.ps(file);
    assert.deepEqual(new Set(stopped.map(({ State }) => State)), new Set(['exited']));
    await host.ok(['-f', file, 'start']);
    const started = await host.ps(file);
    assert.deepEqual(new Set(started.map(({ State }) => State)), new Set(['running']));
    assert.deepEqual(started.map(({ ID }) => ID).toSorted(), ids);
  });

  it('has weeks where the file says weeks: longer than a timer of Node can last', async () => {
    const path = host.write(
      'weeks.yml',
      `
name: weeks
services:
  a:
    image: busybox:test
    command: ["sh", "-c", "trap 'echo told' TERM; trap 'echo still here' USR1; echo heeds both; while :; do sleep 1000 & wait $$!; done"]
    stop_grace_period: 5w
    healthcheck: { test: "echo probed >/proc/1/fd/1", interval: 5w }
    deploy: { restart_policy: { delay: 5w, window: 5w } }
`,
    );
    const logs = async (): Promise<string> => (await host.ok(['-f', path, 'logs', '--no-log-prefix'])).stdout;
    await host.ok(['-f', path, 'up', '-d']);
    await until(logs, (text) => text.includes('heeds both'));
    const stopping = host.ok(['-f', path, 'stop']);
    await until(logs, (text) => text.includes('told'));
    await host.ok(['-f', path, 'kill', '-s', 'USR1']);
    await until(logs, (text) => text.includes('still here'));
    assert.doesNotMatch(await logs(), /probed/);
    await host.ok(['-f', path, 'kill']);
    await stopping;
    await host.ok(['-f', path, 'down']);
  });

  it('goes on while the daemon is dead, and is taken over again without a new process', async () => {
    const old = await host.pids(file);
    await host.killDaemon();
    for (const pid of Object.values(old)) assert.ok(existsSync(`/proc/${pid}`), `process ${pid} must live on`);
    await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await host.pids(file), old);
  });

  /** `name: state, error` of each row of `service ps`. */
  const history = async (path: string, service: string): Promise<readonly string[]> => {
    const { stdout } = await host.ok(['-f', path, 'service', 'ps', service, '--format', 'json']);
    const rows = stdout.split('\n').filter((line) => line !== '');
    return rows
      .map((line) => JSON.parse(line) as { Name: string; CurrentState: string; Error: string })
      .map(({ Name, CurrentState, Error: why }) => `${Name}: ${CurrentState.split(' ')[0]}, ${why}`);
  };

  const untilHistory = (path: string, service: string, expected: readonly string[]): Promise<unknown> =>
    until(
      () => history(path, service),
      (rows) => isDeepStrictEqual(rows, expected),
    );

  it('replaces by policy what was killed: with restart always the container is back, without it stays ended, and the others run on', async () => {
    const path = host.write(
      'restart.yml',
      'name: again\nservices:\n  a: { image: "busybox:test", command: sleep 1000, restart: always, scale: 2 }\n  n: { image: "busybox:test", command: sleep 1000 }\n',
    );
    await host.ok(['-f', path, 'up', '-d']);
    const { 'again-a-2': other, ...killed } = await host.pids(path);
    for (const pid of Object.values(killed)) {
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
    }
    const rows = await until(
      () => host.ps(path),
      (all) => all.find(({ Name }) => Name === 'again-n-1')?.State === 'exited',
    );
    assert.equal(rows.find(({ Name }) => Name === 'again-n-1')?.ExitCode, 137);
    assert.equal((await host.pids(path))['again-a-2'], other);
    // A container counts as running until its end has been heard of.
    await untilHistory(path, 'a', [
      'again-a-1: Running, ',
      '\\_ again-a-1: Failed, exited with code 137',
      'again-a-2: Running, ',
    ]);
    await host.ok(['-f', path, 'down', '-t', '0']);
  });

  it('restarts by policy while no daemon lives, and the daemon learns of it', async () => {
    const path = host.write(
      'alone.yml',
      'name: alone\nservices:\n  a: { image: "busybox:test", command: sleep 1000, restart: always }\n',
    );
    await host.ok(['-f', path, 'up', '-d']);
    const [row] = await host.ps(path);
    assert.ok(row);
    await host.killDaemon();
    const { pid } = host.shimState(row.ID);
    process.kill(pid, 'SIGKILL');
    await untilGone(pid);
    const state = await until(
      () => Promise.resolve(host.shimState(row.ID)),
      ({ phase, pid: next }) => phase === 'running' && next !== pid,
    );
    await untilHistory(path, 'a', ['alone-a-1: Running, ', '\\_ alone-a-1: Failed, exited with code 137']);
    const [again] = await host.ps(path);
    assert.equal(again?.ID, row.ID);
    assert.equal(again?.State, 'running');
    assert.deepEqual(await host.pids(path), { 'alone-a-1': state.pid });
    await host.ok(['-f', path, 'down', '-t', '0']);
  });

  it('goes away although whoever waits for that gives up, and is told so', async () => {
    const stubborn = host.write(
      'stubborn.yml',
      'name: stubborn\nservices:\n  a: { image: busybox:test, command: sleep 100000, stop_grace_period: 1m }\n',
    );
    await host.ok(['-f', stubborn, 'up', '-d']);
    for (const [verb, word] of [['stop', 'Stopping'] as const, ['down', 'Stopping'] as const]) {
      const waiting = new RunningCommand(host, ['-f', stubborn, verb]);
      await waiting.shows(word);
      waiting.signal('SIGINT');
      assert.equal(await waiting.ended(), 130);
      assert.match(waiting.stderr, /Interrupted: what was asked for goes on; `tsstack ps -a` shows how far it is\n$/);
    }
    // The second one shortens the grace of the first, which had not ended with its command.
    await host.ok(['-f', stubborn, 'down', '-t', '0']);
    assert.deepEqual(await host.ps(stubborn), []);
  });

  it('keeps named volumes over down and up, and loses them with down -v', async () => {
    await host.ok(['-f', file, 'exec', '-T', 'db', 'sh', '-c', 'echo 42 > /data/number']);
    await host.ok(['-f', file, 'down']);
    await host.ok(['-f', file, 'up', '-d']);
    const kept = await host.ok(['-f', file, 'exec', '-T', 'db', 'cat', '/data/number']);
    assert.equal(kept.stdout.trim(), '42');
    await host.ok(['-f', file, 'down', '-v']);
    await host.ok(['-f', file, 'up', '-d']);
    const lost = await host.run(['-f', file, 'exec', '-T', 'db', 'cat', '/data/number']);
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /No such file/);
  });

  it('leaves nothing after down', async () => {
    const pids = Object.values(await host.pids(file));
    await host.ok(['-f', file, 'down', '-v']);
    assert.deepEqual(await host.ps(file), []);
    for (const pid of pids) assert.equal(existsSync(`/proc/${pid}`), false);
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(`${host.runRoot}/netns/[0-9a-f]`));
  });
});
