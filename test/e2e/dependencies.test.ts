import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { calmMs } from '../support/calm-time.ts';
import { until } from '../support/test-host.ts';

/** Ends at once when it is told to. */
const image = 'image: "busybox:test", stop_grace_period: 5s';
const forever = `${image}, init: true, command: sleep 100000`;

/** A service that runs a script, as PID 1. */
function script(text: string): string {
  return `${image}, command: ["sh", "-c", ${JSON.stringify(text.replaceAll('$', '$$'))}]`;
}

describe('services that depend on others', () => {
  const host = busyboxHost();
  let number = 0;
  let name = '';

  /** Writes a stack with a name of its own and gives the path. */
  function stack(services: Readonly<Record<string, string>>, rest = ''): string {
    const lines = Object.entries(services).map(([key, text]) => `  ${key}: { ${text} }\n`);
    return host.write(`${name}.yml`, `name: ${name}\nservices:\n${lines.join('')}${rest}`);
  }
  async function states(file: string): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await host.ps(file)).map(({ Service, State }) => [Service, State]));
  }

  before(async () => {});
  beforeEach(() => {
    number += 1;
    name = `dep${number}`;
  });

  it('start after them and stop before them', async () => {
    const shared = `volumes: ["shared:/shared"]`;
    const file = stack(
      {
        db: `${script('sleep 0.4; touch /shared/ready; exec sleep 100000')}, init: true, ${shared}, healthcheck: { test: [CMD, test, -e, /shared/ready], interval: 100ms, retries: 100 }`,
        // Slow to end, while the database would end at once.
        api: `${script('test -e /shared/ready || exit 9; trap "sleep 0.5; exit 0" TERM; sleep 100000 & wait')}, ${shared}, depends_on: { db: { condition: service_healthy } }`,
        web: `${forever}, depends_on: [api]`,
      },
      'volumes: { shared: {} }\n',
    );
    await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await states(file), { api: 'running', db: 'running', web: 'running' });
    const times = async (): Promise<Record<string, { startedAt: string; finishedAt: string | null }>> =>
      Object.fromEntries((await host.ps(file)).map(({ ID, Service }) => [Service, host.shimState(ID)]));
    const started = await times();
    assert.ok((started['db']?.startedAt ?? '') < (started['api']?.startedAt ?? ''));
    assert.ok((started['api']?.startedAt ?? '') < (started['web']?.startedAt ?? ''));
    await host.ok(['-f', file, 'stop']);
    const stopped = await times();
    assert.ok((stopped['web']?.finishedAt ?? '') <= (stopped['api']?.finishedAt ?? ''));
    assert.ok((stopped['api']?.finishedAt ?? '') <= (stopped['db']?.finishedAt ?? ''));
  });

  it('start in the same order again after a stop, whatever the run before came to', async () => {
    const check = 'healthcheck: { test: [CMD, test, -e, /up], interval: 100ms, retries: 100 }';
    const start = 'rm -f /up; sleep 0.3; touch /up; exec sleep 100000';
    const file = stack({
      db: `${script(start)}, init: true, ${check}`,
      api: `${script(start)}, init: true, ${check}, depends_on: { db: { condition: service_healthy } }`,
      migrate: `${script('sleep 0.2')}, depends_on: { api: { condition: service_healthy } }`,
      web: `${forever}, depends_on: { migrate: { condition: service_completed_successfully } }`,
    });
    await host.ok(['-f', file, 'up', '-d']);
    await host.ok(['-f', file, 'stop']);
    const { stderr } = await host.ok(['-f', file, 'up', '-d', '--wait']);
    assert.match(stderr, new RegExp(`${name}-api-1 Waiting for ${name}-db-1 to be healthy`));
    const tasks = await host.ps(file);
    const startedAt = (service: string): string =>
      host.shimState(tasks.find(({ Service }) => Service === service)?.ID ?? '').startedAt;
    const order = ['web', 'migrate', 'api', 'db'].toSorted((a, b) => (startedAt(a) < startedAt(b) ? -1 : 1));
    assert.deepEqual(order, ['db', 'api', 'migrate', 'web']);
  });

  it('wait for what has to end well first', async () => {
    const file = stack(
      {
        migrate: `${script('sleep 0.3; touch /shared/migrated')}, volumes: ["shared:/shared"]`,
        app: `${script('test -e /shared/migrated || exit 9; exec sleep 100000')}, init: true, volumes: ["shared:/shared"], depends_on: { migrate: { condition: service_completed_successfully } }`,
      },
      'volumes: { shared: {} }\n',
    );
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    assert.deepEqual(await states(file), { app: 'running', migrate: 'exited' });
  });

  it('do not start when a dependency fails, and the command says which', async () => {
    const file = stack({
      db: script('exit 1'),
      app: `${forever}, depends_on: { db: { condition: service_completed_successfully } }`,
    });
    const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(
        `service "db" didn't complete successfully: exit 1|dependency failed to start: container ${name}-db-1 exited \\(1\\)`,
      ),
    );
    assert.deepEqual(await states(file), { app: 'created', db: 'exited' });
  });

  it('do not start when a dependency that has to be healthy exits', async () => {
    const file = stack({
      // Not asked before it has ended, however long that takes.
      db: `${script('exit 1')}, healthcheck: { test: [CMD, "true"], interval: 1h }`,
      app: `${forever}, depends_on: { db: { condition: service_healthy } }`,
    });
    const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`dependency failed to start: container ${name}-db-1 exited \\(1\\)`));
    assert.deepEqual(await states(file), { app: 'created', db: 'exited' });
  });

  it('do not start when a dependency is unhealthy', async () => {
    const file = stack({
      db: `${forever}, healthcheck: { test: "echo it is broken; exit 3", interval: 100ms, retries: 2 }`,
      app: `${forever}, depends_on: { db: { condition: service_healthy } }`,
    });
    const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`dependency failed to start: container ${name}-db-1 is unhealthy`));
    assert.deepEqual(await states(file), { app: 'created', db: 'running' });
    assert.equal((await host.ps(file)).find(({ Service }) => Service === 'db')?.Health, 'unhealthy');
  });

  it('start all the same where the dependency is not required', async () => {
    const file = stack({
      db: script('exit 1'),
      app: `${forever}, depends_on: { db: { condition: service_completed_successfully, required: false } }`,
    });
    await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await states(file), { app: 'running', db: 'exited' });
  });

  it('come along when they are named, and not with --no-deps', async () => {
    const file = stack({ db: forever, app: `${forever}, depends_on: [db]`, other: forever });
    await host.ok(['-f', file, 'up', '-d', '--no-deps', 'app']);
    assert.deepEqual(await states(file), { app: 'running' });
    await host.ok(['-f', file, 'up', '-d', 'app']);
    assert.deepEqual(await states(file), { app: 'running', db: 'running' });
    await host.ok(['-f', file, 'stop']);
    await host.ok(['-f', file, 'start', 'app']);
    assert.deepEqual(await states(file), { app: 'running', db: 'running' });
    await host.ok(['-f', file, 'stop', 'db']);
    assert.deepEqual(await states(file), { app: 'running', db: 'exited' });
  });

  it('are restarted after a dependency only with restart: true, and not with --no-deps', async () => {
    const file = stack({
      db: forever,
      follows: `${forever}, depends_on: { db: { condition: service_started, restart: true } }`,
      stays: `${forever}, depends_on: [db]`,
    });
    await host.ok(['-f', file, 'up', '-d']);
    const first = await host.pids(file);
    await host.ok(['-f', file, 'restart', '--no-deps', 'db']);
    const second = await host.pids(file);
    assert.notEqual(second[`${name}-db-1`], first[`${name}-db-1`]);
    assert.equal(second[`${name}-follows-1`], first[`${name}-follows-1`]);
    await host.ok(['-f', file, 'restart', 'db']);
    const third = await host.pids(file);
    assert.notEqual(third[`${name}-db-1`], second[`${name}-db-1`]);
    assert.notEqual(third[`${name}-follows-1`], second[`${name}-follows-1`]);
    assert.equal(third[`${name}-stays-1`], first[`${name}-stays-1`]);
  });

  it('are recreated after a dependency was only with restart: true', async () => {
    const services = (version: string): Record<string, string> => ({
      db: `${forever}, environment: { VERSION: "${version}" }`,
      follows: `${forever}, depends_on: { db: { condition: service_started, restart: true } }`,
      stays: `${forever}, depends_on: [db]`,
    });
    const file = stack(services('1'));
    await host.ok(['-f', file, 'up', '-d']);
    const first = await host.pids(file);
    stack(services('2'));
    await host.ok(['-f', file, 'up', '-d']);
    const second = await host.pids(file);
    assert.notEqual(second[`${name}-db-1`], first[`${name}-db-1`]);
    assert.notEqual(second[`${name}-follows-1`], first[`${name}-follows-1`]);
    assert.equal(second[`${name}-stays-1`], first[`${name}-stays-1`]);
  });

  it('go down with what they need: down SERVICE takes the dependants too', async () => {
    const file = stack({ db: forever, app: `${forever}, depends_on: [db]`, other: forever });
    await host.ok(['-f', file, 'up', '-d']);
    await host.ok(['-f', file, 'down', 'db']);
    assert.deepEqual(await states(file), { other: 'running' });
  });
});

describe('health and --wait', () => {
  const host = busyboxHost();

  function stack(name: string, services: string): string {
    return host.write(`${name}.yml`, `name: ${name}\nservices:\n${services}`);
  }

  it('becomes healthy in the start period by start_interval, long before the interval', async () => {
    const file = stack(
      'early',
      `  a: { ${forever}, healthcheck: { test: [CMD, "true"], interval: 1h, start_period: 30s, start_interval: 100ms } }\n`,
    );
    const before = calmMs();
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    assert.ok(calmMs() - before < 15_000);
    const [row] = await host.ps(file);
    assert.equal(row?.Health, 'healthy');
    assert.match(row.Status, /^Up .*\(healthy\)$/);
  });

  it('counts no failure in the start period', async () => {
    const file = stack(
      'grace',
      `  a: { ${script('sleep 1; touch /ready; exec sleep 100000')}, init: true, healthcheck: { test: [CMD, test, -e, /ready], interval: 100ms, retries: 1, start_period: 20s, start_interval: 100ms } }\n`,
    );
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    assert.equal((await host.ps(file))[0]?.Health, 'healthy');
  });

  it('becomes unhealthy after its retries, runs on, and recovers', async () => {
    const file = stack(
      'sick',
      `  a: { ${forever}, restart: always, healthcheck: { test: [CMD, test, -e, /well], interval: 100ms, retries: 2 } }\n`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    const pids = await host.pids(file);
    await until(
      () => host.ps(file),
      ([row]) => row?.Health === 'unhealthy',
    );
    await host.ok(['-f', file, 'exec', '-T', 'a', 'touch', '/well']);
    await until(
      () => host.ps(file),
      ([row]) => row?.Health === 'healthy',
    );
    assert.deepEqual(await host.pids(file), pids);
  });

  it('fails with the output of the check when a service is unhealthy', async () => {
    const file = stack(
      'broken',
      `  a: { ${forever}, healthcheck: { test: "echo cannot reach the moon; exit 1", interval: 100ms, retries: 1 } }\n`,
    );
    const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--wait']);
    assert.equal(code, 1);
    assert.match(stderr, /container broken-a-1 is unhealthy/);
    assert.match(stderr, /cannot reach the moon/);
  });

  it('keeps the beginning of what a check prints', async () => {
    const test = "head -c 1000000 /dev/zero | tr '\\\\0' x; exit 1";
    const file = stack('wordy', `  a: { ${forever}, healthcheck: { test: "${test}", interval: 100ms, retries: 1 } }\n`);
    const { stderr } = await host.run(['-f', file, 'up', '-d', '--wait']);
    assert.equal(/x+\.\.\./.exec(stderr)?.[0].length, 4096 + 3);
  });

  it('fails when a service exits', async () => {
    // The other one keeps the command waiting until the end has been noticed.
    const slow = `${forever}, healthcheck: { test: [CMD, "false"], interval: 1h }`;
    const file = stack('ends', `  a: { ${script('exit 0')} }\n  slow: { ${slow} }\n`);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--wait']);
    assert.equal(code, 1);
    assert.match(stderr, /container ends-a-1 exited \(0\)/);
  });

  // It is to have ended before it would count as steady, which a machine that has much to do leaves little time for.
  it('is not deceived by a service that runs for a moment', async () => {
    const file = stack('brief', `  a: { ${script('exit 7')} }\n`);
    for (const fresh of [[], ['--force-recreate'], []]) {
      const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--wait', ...fresh]);
      assert.equal(code, 1);
      assert.match(stderr, /container brief-a-1 exited \(7\)/);
    }
    const start = await host.run(['-f', file, 'start', '--wait']);
    assert.deepEqual([start.code, /exited \(7\)/.test(start.stderr)], [1, true]);
  });

  it('does not take a service for running that is started again and again', async () => {
    const file = stack('loop', `  a: { ${script('exit 7')}, restart: always }\n`);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--wait', '--wait-timeout', '2']);
    assert.equal(code, 1);
    assert.match(stderr, /application not healthy after 2s/);
  });

  it('succeeds with a one-shot that ended with 0 where another service waits for that, and only there', async () => {
    const after = 'depends_on: { once: { condition: service_completed_successfully } }';
    const once = script('exit 0');
    const needed = stack('needed', `  once: { ${once} }\n  web: { ${forever}, ${after} }\n`);
    await host.ok(['-f', needed, 'up', '-d', '--wait']);
    const alone = stack('alone', `  once: { ${once} }\n  web: { ${forever} }\n`);
    const { code, stderr } = await host.run(['-f', alone, 'up', '-d', '--wait']);
    assert.equal(code, 1);
    assert.match(stderr, /container alone-once-1 exited \(0\)/);
  });

  it('does not wait any longer for what has been running', async () => {
    const file = stack('steady', `  a: { ${forever} }\n`);
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    const pids = await host.pids(file);
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    assert.deepEqual(await host.pids(file), pids);
  });

  it('gives up after --wait-timeout', async () => {
    const file = stack('late', `  a: { ${forever}, healthcheck: { test: [CMD, "true"], interval: 1h } }\n`);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--wait', '--wait-timeout', '1']);
    assert.equal(code, 1);
    assert.match(stderr, /application not healthy after 1s/);
    await until(
      () => host.ps(file),
      ([row]) => row?.State === 'running',
    );
  });

  it('has no check where the file disables it', async () => {
    const file = stack('off', `  a: { ${forever}, healthcheck: { disable: true } }\n`);
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    assert.equal((await host.ps(file))[0]?.Health, '');
  });
});
