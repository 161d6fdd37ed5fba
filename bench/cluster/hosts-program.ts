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

async function measureManagers(cluster: TestCluster): Promise<void> {
  const [m1, m2, m3] = [cluster.host('m1'), cluster.host('m2'), cluster.host('m3')];
  etcd = await EtcdProcess.startOn(cluster.hosts);
  await m1.ok(['cluster', 'init']);
  const store = `etcd://${cluster.hosts.map(({ address }) => `${address}:2379`).join(',')}`;
  await m1.ok(['cluster', 'migrate', '--to', store]);
  const { stdout: token } = await m1.ok(['cluster', 'token', '-q', 'manager']);
  for (const host of [m2, m3]) await host.ok(['cluster', 'join', '--token', token.trim(), m1.address]);
  const file = m2.write('few.yml', sleepers('few', 2, `, ${nodeOf('m2')}`));
  await m2.ok(['-f', file, 'up', '-d', '--wait']);
  m2.write('few.yml', sleepers('few', 3, `, ${nodeOf('m2')}`));
  const since = performance.now();
  await Promise.all([m1.powerOff(), etcd[0]?.kill()]);
  await m2.ok(['node', 'update', '--label-add', 'next=write', 'm2'], { timeoutMs: patienceMs });
  figures['nextWriteMs'] = performance.now() - since;
  // A container more, for which the host's agent has to have found the new leader.
  await m2.ok(['-f', file, 'up', '--no-start'], { timeoutMs: patienceMs });
  figures['nextUpMs'] = performance.now() - since;
  await etcd[0]?.start();
  await m1.ok(['info', '--start']);
}

await withHosts(measureWorkers, 'm1', 'w1', 'w2');
try {
  await withHosts(measureManagers, 'm1', 'm2', 'm3');
} finally {
  for (const member of etcd) await member.remove();
}
process.stdout.write(JSON.stringify({ ...figures, ...samples }));
