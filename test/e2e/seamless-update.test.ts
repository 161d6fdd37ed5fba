/** An update under the eyes of clients that do not pause. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, until } from '../support/test-host.ts';
import { Visitors } from '../support/visitors.ts';

const port = 18_431;

/** Answers its version; what it is in the middle of when it is told to end, it finishes, for which a slow machine may take long. */
const server = [
  'mkdir -p /www',
  'echo $$VERSION > /www/version',
  "trap 'sleep 2; exit 0' TERM",
  'httpd -f -p 80 -h /www & wait',
  'wait',
].join('; ');

function stack(version: string, more = ''): string {
  return `
name: roll
services:
  web:
    image: busybox:test
    environment: { VERSION: ${version} }
    command: [sh, -c, ${JSON.stringify(server)}]
    ports: ["127.0.0.1:${port}:80"]
    healthcheck: { test: wget -q -O /dev/null http://127.0.0.1/version, interval: 200ms, start_period: 5s, start_interval: 100ms }
    deploy:
      replicas: 1
      update_config: { order: start-first, monitor: 500ms }
      ${more}
  visitor:
    image: busybox:test
    init: true
    stop_grace_period: 1s
    command: sleep 100000
`;
}

describe('an update with start-first', () => {
  const host = new TestHost();
  let file: string;

  before(async () => {
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    file = host.write('stack.yml', stack('one'));
    await host.ok(['-f', file, 'up', '-d', '--wait']);
  });
  after(() => host.stop());

  it('of one container on one host loses no request, by its name or by its port', async () => {
    host.write('stack.yml', stack('two'));
    const visitors = new Visitors(host, file, { port, perSecond: 200 });
    await visitors.begin();
    const { stderr } = await host.ok(['-f', file, 'up', '-d', '--wait']);
    const { byName, byPort } = await visitors.end();
    assert.match(stderr, /Service web +Updated/);
    assert.deepEqual([byName.failures, byPort.failures], [[], []]);
    for (const { versions } of [byName, byPort]) assert.deepEqual([...versions].sort(), ['one', 'two']);
    const namesNow = async (): Promise<readonly string[]> => (await host.ps(file)).map(({ Name }) => Name).sort();
    // The one before finishes what it is in the middle of; then the new one takes its name.
    const names = await until(namesNow, (found) => !found.includes('roll-web-1-next'));
    assert.deepEqual(names, ['roll-visitor-1', 'roll-web-1']);
  });
});
