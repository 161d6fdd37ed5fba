/** An update on several hosts under the eyes of clients that do not pause. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';

/** Answers its version; what it is in the middle of when it is told to end, it finishes. */
const server = [
  'mkdir -p /www',
  'echo $$VERSION > /www/version',
  "trap 'sleep 0.3; exit 0' TERM",
  'httpd -f -p 80 -h /www & wait',
  'wait',
].join('; ');

function stack(version: string): string {
  return `
name: roll
services:
  web:
    image: busybox:test
    environment: { VERSION: ${version} }
    command: [sh, -c, ${JSON.stringify(server)}]
    ports: ["8080:80"]
    healthcheck: { test: wget -q -O /dev/null http://127.0.0.1/version, interval: 200ms, start_period: 5s, start_interval: 100ms }
    deploy:
      replicas: 2
      endpoint_mode: vip
      placement: { preferences: [{ spread: node.hostname }] }
      update_config: { order: start-first, monitor: 500ms }
  visitor:
    image: busybox:test
    init: true
    stop_grace_period: 1s
    command: sleep 100000
    deploy: { placement: { constraints: ["node.hostname==m1"] } }
`;
}

/** Asks until the file is there; a line for each answer. */
const visit = (command: string, stop: string): string =>
  `rm -f ${stop}; while [ ! -e ${stop} ]; do ${command} || echo failed; sleep 0.01; done`;

describe('an update with start-first on several hosts', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;
  let file: string;

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1', 'w2');
    manager = cluster.host('m1');
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    const token = /--token (\S+) /.exec((await manager.ok(['cluster', 'init'])).stdout)?.[1] ?? assert.fail();
    for (const name of ['w1', 'w2'])
      await cluster.host(name).ok(['cluster', 'join', '--token', token, manager.address]);
    file = manager.write('roll.yml', stack('one'));
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
  });
  after(() => cluster.stop('m1'));

  it("loses no request, by the service's own address or by its port at a host without a container of it", async () => {
    const address =
      /172\.[\d.]+/.exec(
        (await manager.ok(['-f', file, 'exec', '-T', 'visitor', 'nslookup', '-type=a', 'web.'])).stdout,
      )?.[0] ?? assert.fail();
    const inside = manager.spawn([
      '-f',
      file,
      'exec',
      '-T',
      'visitor',
      'sh',
      '-c',
      visit(`timeout 5 wget -q -O - http://${address}/version`, '/stop'),
    ]);
    const [command = '', ...args] = manager.enter(
      ['sh', '-c', visit('curl -sS --max-time 3 http://127.0.0.1:8080/version', `${manager.directory}/stop`)],
      '/',
    );
    const outside = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const answers = { inside: '', outside: '' };
    inside.stdout?.on('data', (chunk: Buffer) => (answers.inside += chunk.toString()));
    outside.stdout.on('data', (chunk: Buffer) => (answers.outside += chunk.toString()));
    const ended = Promise.all([once(inside, 'close'), once(outside, 'close')]);
    await once(outside.stdout, 'data');
    manager.write('roll.yml', stack('two'));
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
    await manager.ok(['-f', file, 'exec', '-T', 'visitor', 'touch', '/stop']);
    manager.write('stop', '');
    await ended;
    for (const [from, text] of Object.entries(answers)) {
      const lines = text.trim().split('\n');
      assert.ok(lines.length > 10, `${from}: ${lines.length} answers`);
      assert.deepEqual([...new Set(lines)].sort(), ['one', 'two'], from);
    }
  });
});
