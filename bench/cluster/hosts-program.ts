/** Measures three hosts of a lab with daemons of the built command line, in namespaces of their own; prints one JSON object. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '../../test/fixtures/images.ts';
import { EtcdProcess } from '../../test/support/etcd-process.ts';
import { TestCluster, type ClusterHost } from '../../test/support/test-cluster.ts';
import { until } from '../../test/support/test-host.ts';
import { countLostSegments } from './lost-segments.ts';

/** Long, so that a busy machine gives a large number instead of none. */
const patienceMs = 120_000;
const replicas = 50;
/** The first is that of daemons that have just been started and have run nothing yet. */
const rounds = 3;
const onLostHost = 5;

const sleepers = (name: string, count: number, rest = ''): string =>
  `name: ${name}\nservices:\n  web:\n    image: busybox:test\n    command: sleep 100000\n    init: true\n` +
  `    deploy: { replicas: ${count}${rest} }\n`;

const nodeOf = (host: string): string => `placement: { constraints: ["node.hostname==${host}"] }`;

/** One container that answers, and one on another host that talks to it by the service's virtual address all the time. */
const talk = `
name: talk
services:
  echo:
    image: busybox:test
    command: nc -ll -p 80 -e cat
    init: true
    ports: ["8080:80"]
    deploy: { endpoint_mode: vip, ${nodeOf('w1')} }
  talker:
    image: busybox:test
    command: sh -c "(while :; do echo x; usleep 10000; done) | nc echo 80 > /dev/null"
    init: true
    restart: always
    depends_on: [echo]
    deploy: { ${nodeOf('m1')} }
`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** How many containers run, as that host shows it, without those of a lost one, of which the last is known that it said. */
async function runningOf(host: ClusterHost, file: string, lost = ''): Promise<number> {
  const { stdout } = await host.ok(['-f', file, 'ps', '-a', '--format', 'json']);
  const rows = stdout.split('\n').filter((line) => line !== '');
  return rows
    .map((row) => JSON.parse(row) as { readonly State: string; readonly Node: string })
    .filter(({ State, Node }) => State === 'running' && Node !== lost).length;
}

async function withHosts(work: (cluster: TestCluster) => Promise<void>, ...names: readonly string[]): Promise<void> {
  const cluster = await TestCluster.create(...names);
  try {
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    await work(cluster);
  } finally {
    await cluster.stop(names[0] ?? '');
  }
}

const figures: Record<string, number> = {};
const samples: Record<'upMs' | 'downMs', number[]> = { upMs: [], downMs: [] };

async function measureWorkers(cluster: TestCluster): Promise<void> {
  await cluster.form('m1', 'w1', 'w2');
  const [manager, lost] = [cluster.host('m1'), cluster.host('w2')];
  const many = manager.write('many.yml', sleepers('many', replicas));
  for (let round = 0; round < rounds; round++) {
    // It ends when all have started; --wait adds the half second for which they have to run on.
    samples.upMs.push(await timed(() => manager.ok(['-f', many, 'up', '-d'], { timeoutMs: patienceMs })));
    samples.downMs.push(await timed(() => manager.ok(['-f', many, 'down'], { timeoutMs: patienceMs })));
  }

  const talking = manager.write('talk.yml', talk);
  await manager.ok(['-f', talking, 'up', '-d', '--wait'], { timeoutMs: patienceMs });
  figures['lostSegments'] = await countLostSegments(manager, cluster.host('w1'), talking, async () => {
    await manager.killDaemon();
    figures['restartMs'] = await timed(async () => {
      await manager.ok(['info', '--start']);
      await until(
        () => runningOf(manager, talking),
        (running) => running === 2,
        patienceMs,
      );
    });
  });
  await manager.ok(['-f', talking, 'down']);

  const few = manager.write('few.yml', sleepers('few', onLostHost, `, ${nodeOf('w2')}`));
  await manager.ok(['-f', few, 'up', '-d', '--wait']);
  manager.write('few.yml', sleepers('few', onLostHost));
  await manager.ok(['-f', few, 'up', '-d', '--wait']);
  figures['replacedMs'] = await timed(async () => {
    await lost.powerOff();
    await until(
      () => runningOf(manager, few, lost.name),
      (running) => running === onLostHost,
      patienceMs,
    );
  });
  await clear(lost);
}

/** A host that was lost comes back, and lets go of what runs elsewhere by now. */
async function clear(host: ClusterHost): Promise<void> {
  await host.ok(['info', '--start']);
  const directory = host.see(join(host.dataRoot, 'containers'));
  await until(
    () => Promise.resolve(readdirSync(directory).length),
    (count) => count === 0,
    patienceMs,
  );
}

let etcd: readonly EtcdProcess[] = [];

async function leaderOf(cluster: TestCluster): Promise<ClusterHost> {
  const { stdout } = await cluster.host('m1').ok(['cluster', 'status', '--format', 'json']);
  const { leader } = JSON.parse(stdout) as { readonly leader: string };
  return cluster.hosts.find(({ address }) => leader.startsWith(`${address}:`)) ?? cluster.host('m1');
}

/** Time to the next write, and to one container more on a host whose agent has to have found the new leader. */
async function measureLoss(
  cluster: TestCluster,
  name: string,
  lose: (leader: ClusterHost) => Promise<unknown>,
): Promise<{ readonly writeMs: number; readonly upMs: number }> {
  const leader = await leaderOf(cluster);
  const other = cluster.hosts.find((host) => host !== leader) ?? leader;
  const file = other.write(`${name}.yml`, sleepers(name, 2, `, ${nodeOf(other.name)}`));
  await other.ok(['-f', file, 'up', '-d', '--wait']);
  other.write(`${name}.yml`, sleepers(name, 3, `, ${nodeOf(other.name)}`));
  const since = performance.now();
  await lose(leader);
  await other.ok(['node', 'update', '--label-add', 'next=write', other.name], { timeoutMs: patienceMs });
  const writeMs = performance.now() - since;
  await other.ok(['-f', file, 'up', '--no-start'], { timeoutMs: patienceMs });
  const upMs = performance.now() - since;
  await leader.ok(['info', '--start']);
  return { writeMs, upMs };
}

async function measureManagers(cluster: TestCluster): Promise<void> {
  const [m1, m2, m3] = [cluster.host('m1'), cluster.host('m2'), cluster.host('m3')];
  etcd = await EtcdProcess.startOn(cluster.hosts);
  await m1.ok(['cluster', 'init']);
  const store = `etcd://${cluster.hosts.map(({ address }) => `${address}:2379`).join(',')}`;
  await m1.ok(['cluster', 'migrate', '--to', store]);
  const { stdout: token } = await m1.ok(['cluster', 'token', '-q', 'manager']);
  for (const host of [m2, m3]) await host.ok(['cluster', 'join', '--token', token.trim(), m1.address]);
  const killed = await measureLoss(cluster, 'killed', (leader) => leader.killDaemon());
  figures['killedUpMs'] = killed.upMs;
  let member: EtcdProcess | undefined;
  const off = await measureLoss(cluster, 'off', (leader) => {
    member = etcd[cluster.hosts.indexOf(leader)];
    return Promise.all([leader.powerOff(), member?.kill()]);
  });
  await member?.start();
  figures['nextWriteMs'] = off.writeMs;
  figures['nextUpMs'] = off.upMs;
}

await withHosts(measureWorkers, 'm1', 'w1', 'w2');
try {
  await withHosts(measureManagers, 'm1', 'm2', 'm3');
} finally {
  for (const member of etcd) await member.remove();
}
process.stdout.write(JSON.stringify({ ...figures, ...samples }));
