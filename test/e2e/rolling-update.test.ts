/** Updates by update_config on a host that really runs the containers, with clients that do not pause. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, type CommandResult } from '../support/test-host.ts';
import { Visitors } from '../support/visitors.ts';

const port = 18_431;

/** Answers its version; what it is in the middle of when it is told to end, it finishes. */
const server = [
  'mkdir -p /www',
  'echo $$VERSION > /www/version',
  "trap 'sleep 0.3; exit 0' TERM",
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
    assert.deepEqual([byName.failed, byPort.failed], [0, 0]);
    for (const { versions } of [byName, byPort]) assert.deepEqual([...versions].sort(), ['one', 'two']);
    const names = (await host.ps(file)).map(({ Name }) => Name).sort();
    assert.deepEqual(names, ['roll-visitor-1', 'roll-web-1']);
  });
});

const sleeper = 'image: busybox:test, init: true, stop_grace_period: 1s';

/** A service of three whose command is given, and how it is updated. */
function service(command: string, deploy: string, more = ''): string {
  return `name: upd\nservices:\n  web: { ${sleeper}, command: ${command}, deploy: { ${deploy} }${more} }\n`;
}

function badImage(text: string): string {
  return text.replace('image: busybox:test', 'image: busybox:none, pull_policy: never');
}

describe('an update', () => {
  const host = new TestHost();
  let file: string;

  before(async () => {
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
  });
  after(() => host.stop());
  afterEach(() => host.removeStacks());

  const up = async (text: string): Promise<CommandResult> => {
    file = host.write('upd.yml', text);
    return host.run(['-f', file, 'up', '-d', '--wait']);
  };
  const begins = async (): Promise<readonly number[]> => {
    const ids = (await host.ps(file)).toSorted((a, b) => (a.Name < b.Name ? -1 : 1)).map(({ ID }) => ID);
    return ids.map((id) => Date.parse(host.shimState(id).startedAt));
  };

  it('replaces so many at a time, so long apart', async () => {
    const deploy = 'replicas: 4, update_config: { parallelism: 2, delay: 1s, monitor: 100ms }';
    assert.equal((await up(service('sleep 1000', deploy))).code, 0);
    const plan = await host.ok(['-f', host.write('upd.yml', service('sleep 2000', deploy)), 'plan']);
    assert.match(plan.stdout, /~ replace +container +upd-web-1\n[^]*update_config: 2 at a time, stop-first, 1 s apart/);
    assert.equal((await up(service('sleep 2000', deploy))).code, 0);
    const [one = 0, two = 0, three = 0, four = 0] = await begins();
    assert.ok(Math.min(three, four) - Math.max(one, two) >= 1000, [one, two, three, four].join());
  });

  it('pauses when too many fail, survives the manager, and says why', async () => {
    const deploy = 'replicas: 5, update_config: { max_failure_ratio: 0.25, failure_action: pause, monitor: 200ms }';
    await up(service('sleep 1000', deploy));
    const before = await host.pids(file);
    const { code, stderr } = await up(badImage(service('sleep 1000', deploy)));
    assert.notEqual(code, 0);
    assert.match(stderr, /service web: the update is paused: 2 of 5 failed; upd-web-2: [^\n]*busybox:none/);
    await host.killDaemon();
    const after = await host.pids(file);
    for (const slot of [3, 4, 5]) assert.equal(after[`upd-web-${slot}`], before[`upd-web-${slot}`]);
    const better = await up(service('sleep 3000', deploy));
    assert.equal(better.code, 0, better.stderr);
  });

  it('is taken back as rollback_config says', async () => {
    const deploy =
      'replicas: 2, update_config: { failure_action: rollback, monitor: 200ms }, ' +
      'rollback_config: { parallelism: 0, delay: 0s, monitor: 100ms, max_failure_ratio: 0.5, failure_action: pause, order: stop-first }';
    await up(service('sleep 1000', deploy));
    const { code, stderr } = await up(service('[sh, -c, "exit 3"]', deploy));
    assert.notEqual(code, 0);
    assert.match(stderr, /service web: the update was taken back: rolled back: 1 of 2 failed; upd-web-1[^\n]*code 3/);
    const rows = await host.ps(file);
    assert.deepEqual(
      rows.map(({ State }) => State),
      ['running', 'running'],
    );
    const { stdout } = await host.ok(['-f', file, 'plan']);
    assert.match(stdout, /command: \["sleep","1000"\] -> /);
  });

  it('gives up at its deadline', async () => {
    const deploy = 'replicas: 1, update_config: { order: start-first, monitor: 100ms }';
    const deadline = ', x-tsstack: { progress_deadline: 1s }';
    const healthy = (test: string): string => `, healthcheck: { test: "${test}", interval: 100ms, retries: 100 }`;
    await up(service('sleep 1000', deploy, deadline + healthy('true')));
    const before = await host.pids(file);
    const { code, stderr } = await up(service('sleep 1000', deploy, deadline + healthy('false')));
    assert.notEqual(code, 0);
    assert.match(stderr, /the update is paused: [^\n]*upd-web-1-next did not come up within 1 s/);
    assert.equal((await host.pids(file))['upd-web-1'], before['upd-web-1']);
  });

  it('with start-first of what cannot be there twice is refused', async () => {
    const networks = ', networks: { default: { ipv4_address: 10.99.7.5 } }';
    const text = service('sleep 1', 'update_config: { order: start-first }', networks);
    const { code, stderr } = await up(
      `${text}networks: { default: { ipam: { config: [{ subnet: 10.99.7.0/24 }] } } }\n`,
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /start-first[^]*10\.99\.7\.5/);
  });
});
