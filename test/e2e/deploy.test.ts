import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { before, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { until, type PsRow, type ShimState } from '../support/test-host.ts';

const base = 'image: busybox:test, init: true, stop_grace_period: 1s';
const sleeper = `${base}, command: sleep 100000`;
/** Tells of each of its runs, and fails at once. */
const crash = `${base}, command: [sh, -c, "echo run; exit 1"]`;

function endOf(run: ShimState['runs'][number] | undefined): number {
  return Date.parse(run?.finishedAt ?? '');
}

const stack = `
name: dep
services:
  everywhere: { ${sleeper}, deploy: { mode: global } }
  job: { ${base}, command: [sh, -c, "echo done"], restart: on-failure, deploy: { mode: replicated-job, replicas: 2 } }
  here:
    { ${sleeper}, deploy: { placement: { constraints: ["node.hostname == ${hostname()}", "node.role==manager", "node.labels.slow != yes", "node.platform.os=linux"] } } }
  elsewhere: { ${sleeper}, deploy: { placement: { constraints: ["node.hostname == none-such.test"] } } }
  one-each: { ${sleeper}, deploy: { replicas: 2, placement: { max_replicas_per_node: 1 } } }
  greedy: { ${sleeper}, deploy: { resources: { reservations: { cpus: "4096" } } } }
  special:
    { ${sleeper}, deploy: { resources: { reservations: { generic_resources: [{ discrete_resource_spec: { kind: fpga, value: 2 } }] } } } }
  retried: { ${crash}, deploy: { restart_policy: { condition: on-failure, delay: 1s, max_attempts: 2, window: 1h } } }
  never: { ${crash}, restart: always, deploy: { restart_policy: { condition: none } } }
  any: { ${base}, command: [sh, -c, "exit 0"], deploy: { restart_policy: { delay: 100ms, max_attempts: 3 } } }
  sick:
    {
      ${sleeper},
      healthcheck: { test: "false", interval: 100ms, retries: 1 },
      deploy: { restart_policy: { condition: on-failure, delay: 50ms, max_attempts: 1 } },
    }
  polite:
    {
      ${base}, command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.05; done"],
      healthcheck: { test: "false", interval: 100ms, retries: 1 },
      deploy: { restart_policy: { condition: on-failure, delay: 50ms, max_attempts: 1 } },
    }
  one-address: { ${sleeper}, deploy: { replicas: 2, endpoint_mode: vip, placement: { preferences: [{ spread: node.labels.rack }] } } }
  all-addresses: { ${sleeper}, deploy: { replicas: 2, endpoint_mode: dnsrr } }
`;

describe('deploy', () => {
  const host = busyboxHost();
  let file: string;
  let warnings: string;

  before(async () => {
    file = host.write('stack.yml', stack);
    const placed = [
      'everywhere',
      'job',
      'here',
      'retried',
      'never',
      'any',
      'sick',
      'polite',
      'one-address',
      'all-addresses',
    ];
    warnings = (await host.ok(['-f', file, 'up', '-d', ...placed])).stderr;
  });

  const rowsOf = async (service: string): Promise<readonly PsRow[]> =>
    (await host.ps(file)).filter(({ Service }) => Service === service);
  const ended = (service: string): Promise<readonly PsRow[]> =>
    until(
      () => rowsOf(service),
      (rows) => rows.length > 0 && rows.every(({ State }) => State === 'exited'),
    );
  const logOf = async (service: string): Promise<readonly string[]> => {
    const { stdout } = await host.ok(['-f', file, 'logs', '--no-log-prefix', service]);
    return stdout.split('\n').filter((line) => line !== '');
  };

  it('mode global runs one container on the one node, which cannot be scaled', async () => {
    assert.equal((await rowsOf('everywhere')).length, 1);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--scale', 'everywhere=2', 'everywhere']);
    assert.notEqual(code, 0);
    assert.match(stderr, /service everywhere has deploy\.mode global: it cannot be scaled/);
  });

  it('mode replicated-job runs to the end, once, and up does not run it again', async () => {
    assert.deepEqual(
      (await ended('job')).map(({ ExitCode }) => ExitCode),
      [0, 0],
    );
    await host.ok(['-f', file, 'up', '-d', '--wait', 'job']);
    assert.deepEqual(await logOf('job'), ['done', 'done']);
  });

  it('placement and reservations choose the node, and say why none suits', async () => {
    assert.equal((await rowsOf('here'))[0]?.State, 'running');
    const refuse = async (service: string): Promise<string> => {
      const { code, stderr } = await host.run(['-f', file, 'up', '-d', '--wait', '--wait-timeout', '1', service]);
      assert.notEqual(code, 0);
      return stderr;
    };
    assert.match(await refuse('elsewhere'), /not as the constraint node\.hostname == none-such\.test wants/);
    assert.match(await refuse('one-each'), /with max_replicas_per_node \(1\) of the service on it/);
    await until(
      () => rowsOf('one-each'),
      (rows) => rows.filter(({ State }) => State === 'running').length === 1,
    );
    assert.match(await refuse('greedy'), /without 4096 CPUs to reserve/);
    assert.match(await refuse('special'), /without 2 of the generic resource fpga/);
  });

  it('restart_policy restarts after its delay, as often as it says', async () => {
    assert.deepEqual(
      (await ended('retried')).map(({ ExitCode }) => ExitCode),
      [1],
    );
    assert.equal((await logOf('retried')).length, 3);
    const { runs } = host.shimState((await rowsOf('retried'))[0]?.ID ?? '');
    const pauses = runs.slice(1).map((run, index) => Date.parse(run.startedAt) - endOf(runs[index]));
    assert.ok(pauses.length === 2 && pauses.every((pause) => pause >= 1000 && pause <= 10_000), pauses.join());
    await ended('never');
    assert.equal((await logOf('never')).length, 1);
    assert.deepEqual(
      (await ended('any')).map(({ ID }) => host.shimState(ID).runs.length),
      [4],
    );
  });

  it('restart_policy takes an unhealthy container for a failed one', async () => {
    const [row] = await ended('sick');
    assert.equal(row?.ExitCode, 137);
    assert.equal(host.shimState(row.ID).runs.length, 2);
    // Whatever it would make of the signal.
    const [polite] = await ended('polite');
    assert.equal(host.shimState(polite?.ID ?? '').runs.length, 2);
    const { stdout } = await host.ok(['-f', file, 'service', 'ps', 'polite']);
    assert.match(stdout, /Failed/);
  });

  it('endpoint_mode vip has the name of a service stand for one address, dnsrr for those of its containers', async () => {
    const addressesOf = async (name: string): Promise<readonly string[]> => {
      const { stdout } = await host.ok(['-f', file, 'exec', '-T', 'here', 'nslookup', '-type=a', name]);
      return (stdout.match(/172\.\d+\.\d+\.\d+/g) ?? []).toSorted();
    };
    const [address, ...more] = await addressesOf('one-address');
    const containers = await addressesOf('tasks.one-address');
    assert.deepEqual([more, containers.length], [[], 2]);
    assert.ok(address !== undefined && !containers.includes(address));
    assert.deepEqual(await addressesOf('all-addresses'), await addressesOf('tasks.all-addresses'));
    assert.doesNotMatch(warnings, /warning/);
  });

  it('refuses what contradicts itself, at its place', async () => {
    const refuse = async (attributes: string): Promise<string> => {
      const bad = host.write('bad.yml', `name: bad\nservices:\n  a: { ${sleeper}, ${attributes} }\n`);
      const { code, stderr } = await host.run(['-f', bad, 'up', '-d']);
      assert.notEqual(code, 0);
      return stderr;
    };
    assert.match(await refuse('deploy: { mode: global, replicas: 2 }'), /bad\.yml:3:[^]*has no number of replicas/);
    assert.match(
      await refuse('restart: always, deploy: { mode: global-job }'),
      /bad\.yml:3:[^]*runs once, so restart cannot be always/,
    );
    assert.match(
      await refuse('deploy: { placement: { constraints: ["node.colour == red"] } }'),
      /bad\.yml:3:[^]*is no constraint such as/,
    );
  });
});
