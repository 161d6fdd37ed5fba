import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { calmMs } from '../support/calm-time.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until } from '../support/test-host.ts';

/** One container on each host. */
const spread = (replicas: number): string => `
name: spread
services:
  web:
    image: busybox:test
    command: sleep 100000
    init: true
    restart: always
    deploy: { replicas: ${replicas} }
`;

/** As much of `cluster status` as is looked at. */
interface Status {
  readonly leader: string;
  readonly store: string;
  readonly outdatedNodes: readonly string[];
  readonly storeMembers: readonly { readonly address: string; readonly state: string }[];
}

/** Processes of the containers on that host alone. */
function pidsOn(host: ClusterHost): readonly number[] {
  const directory = host.see(join(host.runRoot, 'containers'));
  return readdirSync(directory).map((id) => host.shimState(id).pid);
}

describe('a cluster of three managers', () => {
  let cluster: TestCluster;
  /** One that tsstack does not run. */
  let external: EtcdProcess | undefined;
  let m1: ClusterHost;
  let m2: ClusterHost;
  let m3: ClusterHost;

  before(async () => {
    cluster = await TestCluster.create('m1', 'm2', 'm3');
    [m1, m2, m3] = [cluster.host('m1'), cluster.host('m2'), cluster.host('m3')];
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    for (const host of cluster.hosts) host.write('spread.yml', spread(3));
  });
  after(async () => {
    try {
      await cluster.stop('m1');
    } finally {
      await external?.remove();
    }
  });

  async function statusOf(host: ClusterHost): Promise<Status> {
    const { stdout } = await host.ok(['cluster', 'status', '--format', 'json']);
    return JSON.parse(stdout) as Status;
  }

  async function leaderOf(host: ClusterHost): Promise<string> {
    return (await statusOf(host)).leader;
  }

  /** Of each host's etcd, in their order: does it lead, follow, or not answer? */
  async function membersAt(host: ClusterHost): Promise<readonly string[]> {
    return (await statusOf(host)).storeMembers.map(({ state }) => (state === 'leader' ? 'follower' : state));
  }

  /** The process that the daemon has written down. */
  function etcdPid(host: ClusterHost): number {
    const note = readFileSync(host.see(join(host.dataRoot, 'manager/etcd/process.json')), 'utf8');
    return (JSON.parse(note) as { pid: number }).pid;
  }

  /** Whether its etcd trusts one authority alone, and was started since it does. */
  function hasLetGo(host: ClusterHost): boolean {
    const [authorities, note] = ['cluster/authorities.pem', 'manager/etcd/process.json'].map((path) =>
      host.see(join(host.dataRoot, path)),
    );
    const count = readFileSync(authorities ?? '', 'utf8').split('BEGIN CERTIFICATE').length - 1;
    return count === 1 && statSync(note ?? '').mtimeMs >= statSync(authorities ?? '').mtimeMs;
  }

  /** Processes on that host, once nothing is on its way there or away. */
  async function settledPidsOn(host: ClusterHost): Promise<readonly number[]> {
    await m1.ok(['-f', 'spread.yml', 'up', '-d', '--wait']);
    return pidsOn(host);
  }

  async function token(role: 'manager' | 'worker'): Promise<string> {
    return (await m1.ok(['cluster', 'token', '-q', role])).stdout.trim();
  }

  async function nodeStates(host: ClusterHost): Promise<readonly string[]> {
    const { stdout } = await host.ok(['node', 'ls', '--format', 'json']);
    const rows = stdout.split('\n').filter((line) => line !== '');
    return rows
      .map((line) => JSON.parse(line) as { Hostname: string; State: string; Role: string })
      .map(({ Hostname, State, Role }) => `${Hostname} ${Role} ${State}`)
      .toSorted();
  }

  it('begins with the second one: the store moves to an etcd that the managers run, and no container is restarted', async () => {
    await m1.ok(['cluster', 'init']);
    await m1.ok(['-f', m1.write('one.yml', spread(1)), 'up', '-d', '--wait']);
    const before = await m1.pids('one.yml');
    const found = await token('manager');
    for (const host of [m2, m3]) {
      const { stderr } = await host.ok(['cluster', 'join', '--token', found, m1.address]);
      assert.match(stderr, /^This host is now manager/);
    }
    assert.deepEqual(await m1.pids('one.yml'), before);
    const states = await until(
      () => nodeStates(m2),
      (rows) => rows.every((state) => state.endsWith('ready')),
    );
    assert.deepEqual(states, ['m1 manager ready', 'm2 manager ready', 'm3 manager ready']);
    assert.equal(await leaderOf(m3), `${m1.address}:2377`);
    assert.match(
      (await m3.ok(['node', 'ls'])).stdout,
      /m1 .* manager, leads .*\n.*m2 .* manager  +1.*\n.*m3 .* manager  +1/,
    );
    const { stdout } = await m2.ok(['node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}']);
    assert.equal(stdout, 'm1 Leader\nm2 Reachable\nm3 Reachable\n');
    assert.deepEqual(await membersAt(m3), ['follower', 'follower', 'follower']);
    assert.match(
      (await m2.ok(['cluster', 'status'])).stdout,
      // Which of them leads is their own affair.
      /Members: +10\.90\.0\.1:2378 (leader|follower), 10\.90\.0\.2:2378 (leader|follower)/,
    );
  });

  /** What a client with the certificate in that file hears, on the port on which members of etcd speak with each other. */
  function askEtcd(file: string): string {
    const script = `
        const pem = ${JSON.stringify(file)} === '' ? undefined : require('node:fs').readFileSync(${JSON.stringify(file)});
        const options = { cert: pem, key: pem, rejectUnauthorized: false, agent: false, timeout: 5000 };
        require('node:https').get('https://${m1.address}:2378/members', options, ({ statusCode }) => {
          console.log(statusCode);
          process.exit();
        }).on('error', ({ code }) => console.log(code));`;
    return m2.sh(process.execPath, '-e', script).trim();
  }

  it('lets only managers into its etcd', () => {
    assert.equal(askEtcd(join(m2.dataRoot, 'cluster/node.pem')), '200');
    assert.match(askEtcd(''), /^E/);
  });

  it('keeps its etcd when the daemon crashes, which the next one finds', async () => {
    const pid = etcdPid(m2);
    await m2.killDaemon();
    process.kill(pid, 0);
    await m2.ok(['info', '--start']);
    assert.deepEqual([etcdPid(m2), await membersAt(m2)], [pid, ['follower', 'follower', 'follower']]);
    process.kill(pid, 'SIGKILL');
    await until(
      () => Promise.resolve(etcdPid(m2)),
      (found) => found !== pid,
    );
  });

  it('takes commands at every manager', async () => {
    await m3.ok(['-f', 'spread.yml', 'up', '-d', '--wait']);
    for (const host of cluster.hosts) assert.equal((await host.ps('spread.yml')).length, 3, host.name);
    const { stdout } = await m2.ok(['-f', 'spread.yml', 'exec', '--index', '1', 'web', 'echo', 'hello']);
    assert.equal(stdout, 'hello\n');
  });

  it('goes on when the leader loses its power, with its containers placed elsewhere', async () => {
    const before = await m2.ps('spread.yml');
    const began = calmMs();
    await m1.powerOff();
    await m2.ok(['-f', 'spread.yml', 'up', '-d']);
    assert.ok(calmMs() - began < 8000, `the next write was accepted after ${calmMs() - began} ms`);
    await until(
      () => nodeStates(m2),
      (rows) => rows.filter((state) => state.endsWith(' ready')).length === 2,
    );
    assert.ok(calmMs() - began < 8000, `the agents were with the next leader after ${calmMs() - began} ms`);
    assert.notEqual(await leaderOf(m2), `${m1.address}:2377`);
    await until(
      () => m2.ps('spread.yml'),
      (rows) => rows.filter(({ State }) => State === 'running').length >= 3,
    );
    assert.equal(before.length, 3);
  });

  it('has it back as a follower', async () => {
    await m1.ok(['info', '--start']);
    await until(
      () => nodeStates(m1),
      (found) => found.length === 3 && found.every((state) => state.endsWith('ready')),
    );
    assert.equal(await leaderOf(m1), await leaderOf(m2));
    assert.deepEqual(await membersAt(m1), ['follower', 'follower', 'follower']);
  });

  it('does not let go of a manager whose majority needs it', async () => {
    await m3.powerOff();
    // If it was the leader, the others are known again only when they have a session with the next one.
    await until(
      // A call that was under way when another one began to lead fails, and says so.
      () => nodeStates(m1).catch(() => []),
      ([one = '', two = '', three = '']) => one.endsWith('ready') && two.endsWith('ready') && !three.endsWith('ready'),
    );
    const { stderr } = await m2.run(['cluster', 'leave']);
    assert.match(
      stderr,
      /remove the manager m2: (without it the store would have no majority, since m3 is not up|it is not known yet which managers are up)/,
    );
    assert.deepEqual(await membersAt(m1), ['follower', 'follower', 'does not answer']);
  });

  it('says what is missing when it has lost its majority, while containers run on', async () => {
    const before = await until(
      () => settledPidsOn(m1),
      ({ length }) => length > 0,
    );
    await m2.powerOff();
    const began = calmMs();
    const { stderr } = await until(
      () => m1.run(['-f', 'spread.yml', 'up', '-d']),
      ({ code }) => code !== 0,
    );
    assert.ok(calmMs() - began < 20_000, `it was said after ${calmMs() - began} ms`);
    assert.match(stderr, /etcd does not answer as a whole [^]*a majority has to run/);
    const shown = await m1.ok(['-f', 'spread.yml', 'ps']);
    assert.match(shown.stderr, /warning: this may not be the latest: as of .*etcd does not answer as a whole/);
    assert.deepEqual(await membersAt(m1), ['follower', 'does not answer', 'does not answer']);
    assert.deepEqual(pidsOn(m1), before);
  });

  it('comes back after all hosts lost power, with a daemon that waits for the others, and runs as many containers as before', async () => {
    await m1.powerOff();
    await m1.ok(['info', '--start']);
    const waiting = await m1.ok(['cluster', 'status']);
    assert.match(waiting.stdout, /Role: +manager[^]*Problem: +.*etcd/);
    for (const host of [m2, m3]) await host.ok(['info', '--start']);
    await until(
      () => nodeStates(m1).catch(() => []),
      (found) => found.length === 3 && found.every((state) => state.endsWith('ready')),
    );
    const running = await until(
      async () => (await m1.ps('spread.yml')).filter(({ State }) => State === 'running'),
      ({ length }) => length === 3,
    );
    assert.equal(running.length, 3);
  });

  it('rotates its authority, which the members of etcd take up one after the other, and a manager that is locked with its certificate', async () => {
    const before = cluster.hosts.map(etcdPid);
    const unlockKey = (await m3.ok(['cluster', 'autolock', 'on'])).stdout;
    await m3.killDaemon();
    assert.match((await m3.ok(['cluster', 'status'])).stdout, /is locked/);
    await m1.ok(['cluster', 'ca', 'rotate']);
    await until(
      async () => (await statusOf(m1)).outdatedNodes,
      ({ length }) => length === 0,
    );
    await m3.ok(['cluster', 'unlock'], { stdin: unlockKey });
    await m3.ok(['cluster', 'autolock', 'off']);
    await until(
      () => Promise.resolve(cluster.hosts.map(etcdPid)),
      (pids) => pids.every((pid, index) => pid !== before[index]),
    );
    // Once more when the former authority is let go of; then the rotation is over.
    await until(
      () => Promise.resolve(cluster.hosts.map(hasLetGo)),
      (all) => all.every(Boolean),
    );
    await until(
      () => membersAt(m1),
      (states) => states.every((state) => state === 'follower'),
    );
  });

  it('goes on with one manager when the others are lost for good', async () => {
    const refused = await m1.run(['cluster', 'recover', '--force']);
    assert.match(refused.stderr, /it has a majority, and nothing is lost/);
    const before = await settledPidsOn(m1);
    await Promise.all([m2.powerOff(), m3.powerOff()]);
    await until(
      () => m1.run(['cluster', 'recover', '--force']),
      ({ code }) => code === 0,
    );
    // Without the others the rotation is over: its etcd is started anew with what is left of the authorities.
    await until(
      () => membersAt(m1),
      (members) => members.join() === 'follower',
    );
    for (const pid of before) process.kill(pid, 0);
    const rows = await until(
      () => m1.ps('spread.yml'),
      (found) => found.length === 3 && found.every(({ State }) => State === 'running'),
    );
    assert.equal(rows.length, 3);
    // Whoever was lost and is found again has to join again.
    await m2.ok(['info', '--start']);
    await m2.ok(['cluster', 'leave', '--force']);
    await m2.ok(['cluster', 'join', '--token', await token('manager'), m1.address]);
    assert.deepEqual(await membersAt(m1), ['follower', 'follower']);
  });

  it('makes a worker of a manager and a manager of it again, of which no container hears', async () => {
    const former = join(m2.directory, 'former.pem');
    copyFileSync(join(m2.dataRoot, 'cluster/node.pem'), former);
    const pids = (): readonly number[] => [...pidsOn(m1), ...pidsOn(m2)];
    const before = pids();
    assert.equal(askEtcd(former), '200');
    await m2.ok(['node', 'update', '--role', 'worker', 'm2']);
    assert.match((await m2.ok(['cluster', 'status'])).stdout, /^Role: +worker/);
    assert.deepEqual(await membersAt(m1), ['follower']);
    assert.match(askEtcd(former), /^E/, 'the certificate that it had');
    assert.equal(existsSync(join(m2.dataRoot, 'manager')), false);
    const refused = await m1.run(['node', 'update', '--role', 'worker', 'm1']);
    assert.match(refused.stderr, /demote m1: the cluster would have no manager/);
    await m1.ok(['node', 'update', '--role', 'manager', 'm2']);
    await until(
      () => membersAt(m2),
      (members) => members.join() === 'follower,follower',
    );
    assert.deepEqual(pids(), before);
  });

  it('finds one of its managers at another address', async () => {
    m2.sh('ip', 'address', 'add', '10.90.0.102/24', 'dev', 'eth0');
    const { stderr } = await m2.ok(['cluster', 'address', '10.90.0.102']);
    assert.match(stderr, /^This host is at 10\.90\.0\.102, its managers at 10\.90\.0\.102:2377, 10\.90\.0\.1:2377/);
    const moved = await until(
      async () => (await statusOf(m1)).storeMembers,
      (members) => members.length === 2 && members.every(({ state }) => state === 'leader' || state === 'follower'),
    );
    assert.deepEqual(
      moved.map(({ address }) => address),
      ['10.90.0.102:2378', '10.90.0.1:2378'].toSorted(),
    );
  });

  it('lets managers go, and the last one take the store home, or to an etcd of others', async () => {
    await m1.ok(['-f', 'spread.yml', 'down', '-t', '0']);
    await m2.ok(['cluster', 'leave']);
    await m3.ok(['info', '--start']);
    await m3.ok(['cluster', 'leave', '--force']);
    assert.match((await m2.ok(['cluster', 'status'])).stdout, /in no cluster/);
    await m1.ok(['cluster', 'migrate', '--to', 'sqlite']);
    assert.match((await m1.ok(['cluster', 'status'])).stdout, /Store: +sqlite/);
    [external] = await EtcdProcess.startOn([m1]);
    await m1.ok(['cluster', 'migrate', '--to', `etcd://${m1.address}`]);
    assert.equal((await statusOf(m1)).store, 'etcd://10.90.0.1:2379/tsstack');
    await m1.ok(['cluster', 'migrate', '--to', 'sqlite']);
    assert.deepEqual(
      await until(
        () => nodeStates(m1),
        (found) => found.length === 1,
      ),
      ['m1 manager ready'],
    );
  });
});
