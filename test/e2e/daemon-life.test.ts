import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { after, before, describe, it } from 'mocha';
import type { DaemonFacts } from '../../src/daemon/daemon-facts.ts';
import { findProcesses } from '../support/host-processes.ts';
import { findLeftovers } from '../support/leftovers.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { until, type TestHost } from '../support/test-host.ts';

const stack = `
name: life
services:
  web: { image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 0s }
  echo: { image: busybox:test, command: nc -ll -p 80 -e cat, stop_grace_period: 0s, ports: ["127.0.0.1::80"] }
  stubborn: { image: busybox:test, command: "sh -c 'trap : TERM; while :; do sleep 1; done'", stop_grace_period: 100s }
`;

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.end();
  });
}

describe('a daemon of another build than the command', () => {
  const host = busyboxHost();
  let file = '';

  before(async () => {
    file = host.write('stack.yml', stack);
  });

  const factsPath = (): string => join(host.runRoot, 'daemon.json');
  const facts = (): DaemonFacts => JSON.parse(readFileSync(factsPath(), 'utf8')) as DaemonFacts;
  /** As if the daemon had been started before an update. */
  function pretend(change: Partial<DaemonFacts>): number {
    const { pid } = facts();
    writeFileSync(factsPath(), JSON.stringify({ ...facts(), ...change }));
    return pid;
  }
  /** Others that came to be at the same time end when they find that one there is. */
  async function untilOneDaemon(): Promise<void> {
    const pid = await host.daemonPid();
    await until(
      async () => findProcesses(host.runRoot, 'daemon'),
      (pids) => isDeepStrictEqual(pids, [pid]),
    );
  }
  const up = (): ReturnType<TestHost['ok']> => host.ok(['-f', file, 'up', '-d', 'web']);

  it('is started anew by up, which no container notices', async () => {
    await up();
    const pids = await host.pids(file);
    const before = pretend({ build: 'older' });
    const { stderr } = await up();
    assert.match(stderr, /tsstack has changed since its daemon was started: starting it anew, containers run on/);
    assert.notEqual(await host.daemonPid(), before);
    await untilOneDaemon();
    assert.deepEqual(await host.pids(file), pids);
    const again = await up();
    assert.doesNotMatch(again.stderr, /daemon/);
  });

  it('is started anew while a connection is under way, which misses nothing', async () => {
    await host.ok(['-f', file, 'up', '-d', 'echo']);
    const { stdout } = await host.ok(['-f', file, 'port', 'echo', '80']);
    const port = Number(stdout.trim().split(':')[1]);
    // The container runs before its program listens.
    await until(
      () => isAnswered(port),
      (answered) => answered,
    );
    const socket = connect(port, '127.0.0.1');
    const received = text(socket);
    const sent: string[] = [];
    const say = (word: string): void => {
      sent.push(word);
      socket.write(word);
    };
    await once(socket, 'connect');
    const talking = setInterval(() => say(`${sent.length} `), 5);
    const before = pretend({ build: 'older' });
    await up();
    clearInterval(talking);
    assert.notEqual(await host.daemonPid(), before);
    say('end');
    socket.end();
    assert.equal(await received, sent.join(''));
    assert.ok(sent.length > 10, `${sent.length} words`);
  });

  it('is started anew once by commands that come at the same time', async () => {
    const before = pretend({ build: 'older' });
    await Promise.all([up(), up(), host.ok(['-f', file, 'plan'])]);
    assert.notEqual(await host.daemonPid(), before);
    await untilOneDaemon();
  });

  it('is left alone by what only looks, with a word when the versions differ', async () => {
    const pid = pretend({ build: 'older' });
    assert.equal((await host.ok(['-f', file, 'ps'])).stderr, '');
    pretend({ version: '0.0.1' });
    const { stderr } = await host.ok(['-f', file, 'ps']);
    assert.match(
      stderr,
      /^Warning: the daemon is tsstack 0\.0\.1, this command [\d.]+; `tsstack daemon --stop` ends it/,
    );
    assert.equal(await host.daemonPid(), pid);
  });

  for (const [whose, change] of [
    ['was started by hand', { isBackground: false }],
    ['belongs to another installation', { program: join(import.meta.dirname, '../support/test-host.ts') }],
    ['is not the one that the facts are of', { pid: 1 }],
  ] as const) {
    it(`is left alone when it ${whose}`, async () => {
      const before = await host.daemonPid();
      pretend({ build: 'older', version: '0.0.1', ...change });
      await up();
      assert.equal(await host.daemonPid(), before);
      pretend({ ...change, pid: before, isBackground: true, program: facts().program });
    });
  }
});

describe('a daemon after an update', () => {
  const host = busyboxHost();
  let file = '';

  before(async () => {
    file = host.write('stack.yml', stack);
  });

  /** As an earlier version would have written it, which did not know these fields. */
  function older(document: string): string {
    const later = new Set(['history', 'genericResources', 'hooks', 'runtime', 'schedule', 'virtualAddresses', 'vni']);
    return JSON.stringify(JSON.parse(document, (key, value: unknown) => (later.has(key) ? undefined : value)));
  }

  it('reads what the version before has stored, and up replaces nothing', async () => {
    await host.ok(['-f', file, 'up', '-d', 'web']);
    const pids = await host.pids(file);
    await host.ok(['daemon', '--stop']);
    const store = new DatabaseSync(join(host.dataRoot, 'manager/store.db'));
    store.function('older', (document) => older(String(document)));
    const { changes } = store
      .prepare('UPDATE objects SET document = older(document) WHERE document <> older(document)')
      .run();
    store.close();
    assert.ok(changes >= 4, 'the stack has a service, a network and a task, and there is a node');
    for (const path of globSync(join(host.dataRoot, 'containers/*/task.json')))
      writeFileSync(path, older(readFileSync(path, 'utf8')));
    await host.ok(['-f', file, 'up', '-d', 'web']);
    assert.deepEqual(await host.pids(file), pids);
    assert.match((await host.ok(['-f', file, 'plan', 'web'])).stdout, /No changes/);
    await host.ok(['-f', file, 'up', '-d', '--force-recreate', 'web']);
    assert.notDeepEqual(await host.pids(file), pids);
  });
});

describe('down', () => {
  const host = busyboxHost();
  let file = '';

  before(async () => {
    file = host.write('stack.yml', stack);
  });

  it('ends at once when kill comes while a container takes its time', async () => {
    await host.ok(['-f', file, 'up', '-d', 'stubborn']);
    const [row] = await host.ps(file);
    assert.ok(row);
    const down = host.ok(['-f', file, 'down']);
    await until(
      async () => host.shimState(row.ID).phase,
      (phase) => phase === 'stopping',
    );
    const { stderr } = await host.ok(['-f', file, 'kill']);
    assert.match(stderr, /Container life-stubborn-1 Killed/);
    await down;
    assert.match((await host.ok(['-f', file, 'kill'])).stderr, /No container to kill/);
  });

  it('leaves no cgroup, even if the daemon is killed right after it', async () => {
    const cgroups = (): readonly string[] => findLeftovers(host).filter((line) => line.startsWith('cgroup'));
    await host.ok(['-f', file, 'up', '-d', 'web']);
    assert.notDeepEqual(cgroups(), []);
    await host.ok(['-f', file, 'down']);
    await host.killDaemon();
    assert.deepEqual(cgroups(), []);
  });
});

describe('two daemons on one host', () => {
  const web = 'image: "busybox:test", command: httpd -f -p 80 -h /etc, init: true, hostname: "{{.Service.Name}}"';
  // Before the hosts' own ends: what the one has would be taken for something left behind by the other.
  after(async () => {
    for (const host of [first, second]) {
      await host.removeStacks();
      await host.endDaemon();
    }
  });
  const first = busyboxHost();
  const second = busyboxHost();

  it('give their networks subnets that differ, so that the published ports of both lead to their containers', async () => {
    const hosts = { one: first, two: second };
    const ports = { one: 18_081, two: 18_082 };
    for (const name of ['one', 'two'] as const) {
      const stack = `name: same\nservices:\n  ${name}: { ${web}, ports: ["${ports[name]}:80"] }\n`;
      await hosts[name].ok(['-f', hosts[name].write('stack.yml', stack), 'up', '-d', '--wait']);
    }
    for (const name of ['one', 'two'] as const) {
      const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${ports[name]}/hostname`)).text();
      // The container runs before its server listens.
      const answer = await until(
        () => ask().catch(() => ''),
        (text) => text !== '',
      );
      assert.equal(answer.trim(), `same_${name}`);
    }
  });
});
