/** Updates by update_config on a host that really runs the containers. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { type CommandResult } from '../support/test-host.ts';

const sleeper = 'image: busybox:test, init: true, stop_grace_period: 1s';

/** A service of three whose command is given, and how it is updated. */
function service(command: string, deploy: string, more = ''): string {
  return `name: upd\nservices:\n  web: { ${sleeper}, command: ${command}, deploy: { ${deploy} }${more} }\n`;
}

function badUser(text: string): string {
  return text.replace('image: busybox:test', 'image: busybox:test, user: nobody-here');
}

describe('an update', () => {
  const host = busyboxHost();
  let file: string;

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
    // Each of two takes its next one after its own pause.
    const [first = 0, second = 0, third = 0, fourth = 0] = (await begins()).toSorted((a, b) => a - b);
    assert.ok(third - first >= 1000 && fourth - second >= 1000, [first, second, third, fourth].join());
  });

  it('pauses when too many fail, survives the manager, and says why', async () => {
    const deploy = 'replicas: 5, update_config: { max_failure_ratio: 0.25, failure_action: pause, monitor: 200ms }';
    await up(service('sleep 1000', deploy));
    const before = await host.pids(file);
    const { code, stderr } = await up(badUser(service('sleep 1000', deploy)));
    assert.notEqual(code, 0);
    assert.match(stderr, /service web: the update is paused: 2 of 5 failed; upd-web-2: [^\n]*no user nobody-here/);
    await host.killDaemon();
    const after = await host.pids(file);
    for (const slot of [3, 4, 5]) assert.equal(after[`upd-web-${slot}`], before[`upd-web-${slot}`]);
    const better = await up(service('sleep 3000', deploy));
    assert.equal(better.code, 0, better.stderr);
  });

  it('stops nothing for an image that cannot be had', async () => {
    const deploy = 'replicas: 2, update_config: { monitor: 100ms }';
    await up(service('sleep 1000', deploy, ', pull_policy: never'));
    const before = await host.pids(file);
    const { code, stderr } = await host.run(['-f', file, 'service', 'update', 'web', '--image', 'busybox:none']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /the update is paused: 1 of 2 failed; upd-web-1: get image busybox:none: it is not on this host/,
    );
    assert.deepEqual(await host.pids(file), before);
  });

  it('is carried on by the next manager when one is killed in the middle', async () => {
    const deploy = 'replicas: 3, update_config: { delay: 700ms, monitor: 100ms }';
    await up(service('sleep 1000', deploy));
    file = host.write('upd.yml', service('sleep 2000', deploy));
    const { stdout, stderr } = await host.ok(['-f', file, 'up', '-d']);
    assert.match(`${stdout}${stderr}`, /Service web goes on being updated/);
    await host.killDaemon();
    const ids = new Set((await host.ps(file)).map(({ ID }) => ID));
    assert.equal((await host.run(['-f', file, 'up', '-d', '--wait'])).code, 0);
    for (const { ID } of await host.ps(file)) ids.add(ID);
    // One new container for each slot, whichever manager has made it.
    assert.ok(ids.size <= 6, [...ids].join());
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /^No changes/);
    assert.match((await host.ok(['-f', file, 'service', 'ls'])).stdout, /completed: 3 of 3 replaced/);
  });

  it('is taken back as rollback_config says', async () => {
    const deploy =
      // Watched for longer than any machine needs to run a program to its end.
      'replicas: 2, update_config: { failure_action: rollback, monitor: 60s }, ' +
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
