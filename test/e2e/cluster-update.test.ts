/** Containers that come and go on several hosts under the eyes of clients that do not pause. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { gracefulServer } from '../support/graceful-server.ts';
import { RequestLoad, type LoadResult } from '../support/request-load.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until, type PsRow } from '../support/test-host.ts';

/** Of each kind of client. */
const perSecond = 40;

interface Variant {
  readonly version: string;
  readonly ports: readonly string[];
  readonly alias: string;
}

const first: Variant = { version: 'one', ports: ['8080:80'], alias: 'old' };
const second: Variant = { version: 'two', ports: ['8080:80', '9090:80'], alias: 'new' };

function stack({ version, ports, alias }: Variant): string {
  return `
name: roll
services:
  web:
    ${gracefulServer(version)}
    ports: ${JSON.stringify(ports)}
    networks: { default: { aliases: [${alias}] } }
    healthcheck: { test: wget -q -O /dev/null http://127.0.0.1/version, interval: 1s, start_period: 20s, start_interval: 100ms }
    deploy:
      replicas: 2
      endpoint_mode: vip
      placement: { preferences: [{ spread: node.hostname }] }
      update_config: { order: start-first, monitor: 500ms, delay: 1s }
  visitor:
    image: busybox:test
    init: true
    dns: 127.0.0.1 # where nobody is: a name that does not exist is known at once not to
    stop_grace_period: 1s
    command: sleep 100000
    deploy: { placement: { constraints: ["node.hostname==m1"] } }
`;
}

/** Looks up both aliases until the file is there; a line for each time, with those that there are. */
const lookups = `while [ ! -e /stop ]; do
  for alias in old new; do nslookup -type=a $alias. | grep -q ^Name: && echo -n $alias; done; echo; sleep 0.05
done`;

describe('containers that leave on several hosts', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;
  let file: string;
  let visitor: number;
  let address: string;

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1', 'w2');
    manager = cluster.host('m1');
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    await cluster.form('m1', 'w1', 'w2');
    file = manager.write('roll.yml', stack(first));
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
    const row = (await manager.ps(file)).find(({ Service }) => Service === 'visitor') ?? assert.fail();
    visitor = manager.shimState(row.ID).pid;
    const { stdout } = await inVisitor('nslookup -type=a web.');
    address = /172\.[\d.]+/.exec(stdout)?.[0] ?? assert.fail(stdout);
  });
  after(() => cluster.stop('m1'));

  const inVisitor = (script: string): ReturnType<ClusterHost['ok']> =>
    manager.ok(['-f', file, 'exec', '-T', 'visitor', 'sh', '-c', script]);

  /** What clients by the service's own address, by its port at a host and by that at another one see of it. */
  async function observe(work: () => Promise<unknown>): Promise<readonly LoadResult[]> {
    const inside = (command: readonly string[]): readonly string[] => [
      'nsenter',
      '--target',
      String(visitor),
      '--net',
      '--',
      ...command,
    ];
    const local = { host: '127.0.0.1', port: 8080, perSecond };
    const loads = await Promise.all([
      RequestLoad.begin(inside, { host: address, port: 80, perSecond }),
      RequestLoad.begin((command) => manager.enter(command, '/'), local),
      RequestLoad.begin((command) => cluster.host('w2').enter(command, '/'), local),
    ]);
    await work();
    return Promise.all(loads.map((load) => load.end()));
  }

  async function assertNoneFails(versions: readonly string[], work: () => Promise<unknown>): Promise<void> {
    for (const { answers, failures } of await observe(work)) {
      assert.deepEqual(failures, {}, JSON.stringify(answers));
      assert.deepEqual(Object.keys(answers).sort(), versions);
    }
  }

  async function nodesOfWeb(): Promise<readonly string[]> {
    const rows = (await manager.ps(file)) as readonly (PsRow & { readonly Node: string })[];
    return rows.filter(({ Service, State }) => Service === 'web' && State === 'running').map(({ Node }) => Node);
  }

  /** A request at a host without a client that takes 3 s; resolves when somebody works on it. */
  async function askSlowly(name: string): Promise<{ readonly answer: Promise<string> }> {
    const url = 'http://127.0.0.1:8080/slow';
    const [command = '', ...args] = cluster.host(name).enter(['curl', '-sSN', '--max-time', '20', url], '/');
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const answer = once(child, 'close').then(() => text);
    await once(child.stdout, 'data');
    return { answer };
  }

  it('lose no request, and keep their port and their alias until the last of them has left', async () => {
    const lookup = manager.spawn(['-f', file, 'exec', '-T', 'visitor', 'sh', '-c', lookups]);
    let names = '';
    lookup.stdout?.on('data', (chunk: Buffer) => (names += chunk.toString()));
    const ended = once(lookup, 'close');
    const heard = async (what: string): Promise<void> => {
      const signal = AbortSignal.timeout(60_000);
      while (lookup.stdout !== null && !names.includes(what)) await once(lookup.stdout, 'data', { signal });
    };
    await heard('\n');
    manager.write('roll.yml', stack(second));
    await assertNoneFails(['one', 'two'], () => manager.ok(['-f', file, 'up', '-d', '--wait']));
    await heard('\nnew\n');
    await inVisitor('touch /stop');
    await ended;
    const seen = names.trim().split('\n');
    const changes = seen.filter((line, index) => line !== seen[index - 1]);
    assert.deepEqual(changes, ['old', 'oldnew', 'new']);
    assert.equal(cluster.host('w1').sh('curl', '-sS', 'http://127.0.0.1:9090/version').trim(), 'two');
  });

  it('finish what they are in the middle of when their service is scaled down, and get nothing new', async () => {
    const slow = await Promise.all(Array.from({ length: 4 }, () => askSlowly('w1')));
    await assertNoneFails(['two'], () => manager.ok(['-p', 'roll', 'service', 'scale', 'web=1']));
    for (const { answer } of slow) assert.equal(await answer, 'begun\ndone\n');
    await manager.ok(['-p', 'roll', 'service', 'scale', 'web=2']);
  });

  it('lose no request when their node is drained', async () => {
    const node = (await nodesOfWeb()).find((name) => name !== 'm1') ?? '';
    await assertNoneFails(['two'], async () => {
      await manager.ok(['node', 'update', '--availability', 'drain', node]);
      await until(nodesOfWeb, (nodes) => nodes.length === 2 && !nodes.includes(node));
    });
    await manager.ok(['node', 'update', '--availability', 'active', node]);
  });
});
