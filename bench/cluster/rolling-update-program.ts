/** Updates services under load on three hosts of a lab, in namespaces of their own; prints UpdateFigures[] as JSON. */
import { busyboxImage } from '../../test/fixtures/images.ts';
import { gracefulServer } from '../../test/support/graceful-server.ts';
import { RequestLoad, type LoadResult } from '../../test/support/request-load.ts';
import { TestCluster, type ClusterHost } from '../../test/support/test-cluster.ts';
import type { UpdateFigures } from './rolling-update.ts';

const stack = (version: string, replicas: number): string => `
name: roll
services:
  web:
    ${gracefulServer(version)}
    ports: ["8080:80"]
    healthcheck: { test: wget -q -O /dev/null http://127.0.0.1/version, interval: 5s, start_period: 20s, start_interval: 100ms }
    deploy:
      replicas: ${replicas}
      endpoint_mode: vip
      placement: { preferences: [{ spread: node.hostname }] }
      update_config: { order: start-first, monitor: 1s }
  visitor:
    image: busybox:test
    init: true
    command: sleep 100000
    deploy: { placement: { constraints: ["node.hostname==m1"] } }
`;

const failed = ({ failures }: LoadResult): number => Object.values(failures).reduce((sum, count) => sum + count, 0);

async function measure(manager: ClusterHost, replicas: number): Promise<UpdateFigures> {
  const file = manager.write('roll.yml', stack('one', replicas));
  await manager.ok(['-f', file, 'up', '-d', '--wait']);
  const visitor = (await manager.ps(file)).find(({ Service }) => Service === 'visitor')?.ID ?? '';
  const { pid } = manager.shimState(visitor);
  const lookup = await manager.ok(['-f', file, 'exec', '-T', 'visitor', 'nslookup', '-type=a', 'web.']);
  const host = /Name:.*\nAddress: ([\d.]+)/.exec(lookup.stdout)?.[1] ?? '';
  const inside = (command: readonly string[]): readonly string[] => [
    'nsenter',
    `--net=/proc/${pid}/ns/net`,
    ...command,
  ];
  const byAddress = await RequestLoad.begin(inside, { host, port: 80, perSecond: 200 });
  const byPort = await RequestLoad.begin((command) => manager.enter(command, '/'), {
    host: '127.0.0.1',
    port: 8080,
    perSecond: 200,
  });
  manager.write('roll.yml', stack('two', replicas));
  await manager.ok(['-f', file, 'up', '-d', '--wait'], { timeoutMs: 120_000 });
  const results = await Promise.all([byAddress.end(), byPort.end()]);
  for (const { answers, failures } of results) {
    if (Object.keys(failures).length > 0) process.stderr.write(`${JSON.stringify(failures)}\n`);
    if (Object.keys(answers).length !== 2)
      throw new Error(`the load did not see both versions: ${JSON.stringify(answers)}`);
  }
  await manager.ok(['-f', file, 'down']);
  return { replicas, byAddress: failed(results[0]), byPort: failed(results[1]) };
}

const cluster = await TestCluster.create('m1', 'w1', 'w2');
const manager = cluster.host('m1');
const image = await busyboxImage();
for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
await cluster.form('m1', 'w1', 'w2');
try {
  const figures = [await measure(manager, 3), await measure(manager, 1)];
  process.stdout.write(JSON.stringify(figures));
} finally {
  await cluster.stop('m1');
}
