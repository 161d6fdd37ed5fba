/** `tsstack service …`, jobs and what cannot be made, on one host. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { until } from '../support/test-host.ts';

const base = 'image: busybox:test, init: true, stop_grace_period: 1s';

function stack(version: string, more = ''): string {
  const deploy =
    'deploy: { replicas: 2, update_config: { parallelism: 0, monitor: 100ms }, rollback_config: { parallelism: 0, monitor: 100ms } }';
  return `name: svc\nservices:\n  web: { ${base}, command: sleep ${version}, ${deploy} }\n${more}`;
}

interface TaskRow {
  readonly ID: string;
  readonly Name: string;
  readonly CurrentState: string;
  readonly Error: string;
}

describe('service', () => {
  const host = busyboxHost();
  let file: string;

  afterEach(() => host.removeStacks());

  const up = async (text: string): Promise<void> => {
    file = host.write('svc.yml', text);
    await host.ok(['-f', file, 'up', '-d', '--wait']);
  };
  const service = async (...args: readonly string[]): Promise<string> =>
    (await host.ok(['-f', file, 'service', ...args])).stdout;
  const rows = async (name: string): Promise<readonly TaskRow[]> =>
    (await service('ps', name, '--format', 'json'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as TaskRow);
  const commands = async (): Promise<string> => (await host.ps(file)).map((row) => row.Status.slice(0, 2)).join(' ');

  it('ls, ps, inspect and logs show services and what was in their slots', async () => {
    await up(stack('1000'));
    assert.match(await service('ls'), /NAME +MODE +REPLICAS[^]*svc_web +replicated +2\/2 +busybox:test/);
    // Also where no file says which stack is meant.
    assert.match((await host.ok(['service', 'ls'])).stdout, /svc_web/);
    assert.match((await host.ok(['service', 'ps', 'svc_web'])).stdout, /svc-web-1/);
    assert.equal((await host.ok(['service', 'logs', 'svc_web'])).stdout, '');
    await up(stack('2000'));
    assert.match(await service('ls'), /completed: 2 of 2 replaced/);
    const shown = await rows('web');
    assert.equal(shown.length, 4);
    assert.match(shown[1]?.Name ?? '', /^\\_ svc-web-1$/);
    assert.equal(shown[1]?.Error, 'replaced by an update');
    const [described] = JSON.parse(await service('inspect', 'web')) as {
      UpdateStatus: { State: string };
      PreviousSpec: { container: { command: readonly string[] } };
    }[];
    assert.equal(described?.UpdateStatus.State, 'completed');
    assert.deepEqual(described?.PreviousSpec.container.command, ['sleep', '1000']);
    assert.equal(await service('logs', 'web'), '');
    const { code, stderr } = await host.run(['-f', file, 'service', 'ps', 'wbe']);
    assert.notEqual(code, 0);
    assert.match(stderr, /no such service: wbe \(stack svc\)[^]*web/);
  });

  it('rollback goes back, and forward again; without anything to go back to it fails', async () => {
    await up(stack('1000'));
    const first = await host.run(['-f', file, 'service', 'rollback', 'web']);
    assert.match(first.stderr, /service web has nothing to roll back to/);
    await up(stack('2000'));
    await service('rollback', 'web');
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /command: \["sleep","1000"\] -> \["sleep","2000"\]/);
    await service('rollback', 'web');
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /^No changes/);
    assert.equal(await commands(), 'Up Up');
  });

  it('scale and update change what is there, and the next plan shows it', async () => {
    await up(stack('1000'));
    const before = await host.pids(file);
    await service('scale', 'web=3');
    assert.equal((await host.ps(file)).length, 3);
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /- remove +container +svc-web-3\n +scaled to 2/);
    await service('update', '--replicas', '2', 'web');
    assert.deepEqual(await host.pids(file), before);
    await service('update', '--force', 'web');
    const after = await host.pids(file);
    assert.equal(Object.keys(after).length, 2);
    for (const [name, pid] of Object.entries(before)) assert.notEqual(after[name], pid);
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /^No changes/);
    const { stderr } = await host.ok(['-f', file, 'service', 'rebalance', 'web']);
    assert.match(stderr, /spread as evenly as it can be/);
  });

  it('of a job runs so many at once until all have completed', async () => {
    const deploy = 'deploy: { mode: replicated-job, replicas: 5 }, x-tsstack: { max_concurrent: 2 }';
    const command = '[sh, -c, "sleep 0.2"]';
    file = host.write('svc.yml', `name: svc\nservices:\n  web: { ${base}, command: ${command}, ${deploy} }\n`);
    const whole = host.ok(['-f', file, 'up', '-d', '--wait']);
    await until(
      async () => (await host.ps(file)).map(({ State }) => State),
      (states) => {
        assert.ok(states.filter((state) => state !== 'exited').length <= 2, states.join());
        return states.length === 5 && states.every((state) => state === 'exited');
      },
    );
    await whole;
    assert.match(await service('ls'), /replicated-job +0\/2 \(5\/5 completed\)/);
    const ids = (await host.ps(file)).map(({ ID }) => ID);
    await host.killDaemon();
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /^No changes/);
    assert.deepEqual(
      (await host.ps(file)).map(({ ID }) => ID),
      ids,
    );
  });

  it('of a job tries again what has failed, as often as it may', async () => {
    const policy = 'restart_policy: { condition: on-failure, delay: 20ms, max_attempts: 1 }';
    const job = (name: string, script: string, deploy: string): string =>
      `  ${name}: { ${base}, command: [sh, -c, "${script}"], deploy: { ${deploy}, ${policy} } }\n`;
    const second = 'test -e /tried && exit 0; touch /tried; exit 1';
    file = host.write(
      'svc.yml',
      `name: svc\nservices:\n${job('second', second, 'mode: replicated-job, replicas: 7')}${job('never', 'exit 3', 'mode: global-job')}`,
    );
    await host.run(['-f', file, 'up', '-d', '--wait']);
    const ended = await until(
      () => host.ps(file),
      (all) => all.length === 8 && all.every(({ State }) => State === 'exited'),
    );
    const codes = ended.map(({ Service, ExitCode }) => `${Service} ${ExitCode}`);
    assert.deepEqual(new Set(codes), new Set(['second 0', 'never 3']));
    assert.ok(ended.every(({ ID }) => host.shimState(ID).runs.length === 2));
    assert.match(await service('ls'), /svc_second +replicated-job +0\/7 \(7\/7 completed\)/);
  });

  it('ps has five rows for a container that fails for ever, which is one container on the disk', async () => {
    const deploy = 'deploy: { restart_policy: { delay: 10ms } }';
    file = host.write('svc.yml', `name: svc\nservices:\n  web: { ${base}, command: "false", ${deploy} }\n`);
    await host.ok(['-f', file, 'up', '-d']);
    const [row] = await host.ps(file);
    await until(
      async () => host.shimState(row?.ID ?? '').runs.length,
      (runs) => runs >= 7,
    );
    const shown = await until(
      () => rows('web'),
      // The manager hears of a run a moment after the shim has noted it.
      ({ length }) => length >= 5,
    );
    assert.deepEqual([shown.length, shown[4]?.Error], [5, 'exited with code 1']);
    assert.equal(readdirSync(join(host.dataRoot, 'containers')).length, 1);
  });

  it('of a job with a schedule runs when its time has come', async () => {
    const own = 'x-tsstack: { schedule: "* * * * * *", time_zone: Europe/Berlin }';
    const job = `name: svc\nservices:\n  web: { ${base}, command: "true", deploy: { mode: replicated-job }, ${own} }\n`;
    file = host.write('svc.yml', job);
    await host.ok(['-f', file, 'up', '-d']);
    const ids = new Set<string>();
    await until(
      async () => (await host.ps(file)).filter(({ State }) => State === 'exited'),
      (ended) => {
        for (const { ID } of ended) ids.add(ID);
        return ids.size >= 2;
      },
    );
    assert.match(await service('inspect', 'web'), /"NextRun": "2/);
    await host.ok(['-f', file, 'stop']);
    assert.match(await service('ls'), /stopped by hand/);
    const bad = host.write('bad.yml', job.replace('* * * * * *', '61 * * * *'));
    const { code, stderr } = await host.run(['-f', bad, 'up', '-d']);
    assert.notEqual(code, 0);
    assert.match(stderr, /bad\.yml:3:[^]*61/);
  });

  it('ps shows why a container cannot be made, and how often that was tried, also after the daemon has died', async () => {
    const deploy = 'deploy: { restart_policy: { delay: 1s, max_attempts: 2 } }';
    file = host.write('svc.yml', `name: svc\nservices:\n  web: { ${base}, user: nobody-here, ${deploy} }\n`);
    assert.notEqual((await host.run(['-f', file, 'up', '-d'])).code, 0);
    // On a slow machine the next one may have been before anybody looked.
    const tried = async (count: number): Promise<readonly TaskRow[]> =>
      until(
        async () => rows('web'),
        (shown) => shown.length >= count && shown[0]?.CurrentState.startsWith('Rejected') === true,
      );
    await tried(2);
    await host.killDaemon();
    const shown = await tried(3);
    for (const { Error: why } of shown) assert.match(why, /no user nobody-here/);
    assert.equal((await rows('web')).length, 3);
  });
});
