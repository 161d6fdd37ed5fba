import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { TestHost, until } from '../support/test-host.ts';

/** Every service the same but for the runtime. */
const stack = `
name: runtimes
x-base: &base
  image: busybox:test
  init: true
  command: sleep 100000
  stop_grace_period: 1s
  mem_limit: 64m
services:
  own: { <<: *base }
  named: { <<: *base, runtime: runc, environment: { GREETING: hello }, volumes: [ "data:/data" ] }
  crashing:
    <<: *base
    runtime: /usr/sbin/runc
    init: false
    restart: "on-failure:2"
    command: [ "sh", "-c", "echo from the crash; exit 3" ]
volumes: { data: {} }
`;

describe('runtimes', () => {
  const host = busyboxHost();
  let file: string;

  before(async () => {
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d']);
  });

  const runDirectory = async (service: string): Promise<string> => {
    const row = (await host.ps(file)).find(({ Service }) => Service === service) ?? assert.fail(service);
    const directories = readdirSync(join(host.runRoot, 'containers'));
    const name = directories.find((candidate) => row.ID.startsWith(candidate) || candidate.startsWith(row.ID));
    return join(host.runRoot, 'containers', name ?? assert.fail(directories.join()));
  };
  const exec = async (service: string, command: string): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command])).stdout;

  it('make the containers of those services that name one', async () => {
    assert.equal(existsSync(join(await runDirectory('own'), 'runtime')), false);
    assert.equal(readdirSync(join(await runDirectory('named'), 'runtime/state')).length, 1);
  });

  it('give them what the file says: network, volumes, environment, limits, init', async () => {
    const look = 'echo $GREETING; touch /data/there; cat /proc/1/comm; ping -c 1 -W 2 own > /dev/null && echo reached';
    assert.equal(await exec('named', look), 'hello\n.tsstack-init\nreached\n');
    const { stdout } = await host.ok(['-f', file, 'stats', '--no-stream', '--format', 'json']);
    assert.match(stdout, /64MiB/);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Name: string; NetIO: string });
    // The answer to the ping at least.
    assert.match(rows.find(({ Name }) => Name.endsWith('named-1'))?.NetIO ?? '', /^[1-9]\S*B \/ [1-9]\S*B$/);
    const format = 'table {{.Container}}\\t{{.CPUPerc}}\\t{{.MemUsage}}';
    const table = (await host.ok(['-f', file, 'stats', '--no-stream', '--format', format, 'named'])).stdout;
    assert.match(table, /^CONTAINER +CPU % +MEM USAGE \/ LIMIT\n\S+-named-1 +[\d.]+% +\S+B \/ \S+B\n$/);
  });

  it('mount the init read-only, for root as well', async () => {
    for (const service of ['own', 'named']) {
      const write =
        'chmod 700 /.tsstack-init 2>&1; rm /.tsstack-init 2>&1; cmp /.tsstack-init /proc/1/exe && echo same';
      assert.match(await exec(service, write), /Read-only file system\n.*busy\nsame\n/);
    }
  });

  it('restart them by the policy, with their log and exit code', async () => {
    const rows = await until(
      () => host.ps(file),
      (all) => all.some(({ Service, State }) => Service === 'crashing' && State === 'exited'),
    );
    assert.equal(rows.find(({ Service }) => Service === 'crashing')?.ExitCode, 3);
    const { stdout } = await host.ok(['-f', file, 'logs', '--no-log-prefix', 'crashing']);
    assert.equal(stdout, 'from the crash\n'.repeat(3));
  });

  it('outlive the daemon, stop and go without a trace', async () => {
    const before = (await host.pids(file))['runtimes-named-1'];
    assert.ok(before !== undefined);
    await host.killDaemon();
    assert.equal((await host.pids(file))['runtimes-named-1'], before);
    await host.ok(['-f', file, 'stop', 'named']);
    const rows = await host.ps(file);
    assert.equal(rows.find(({ Service }) => Service === 'named')?.State, 'exited');
    await host.ok(['-f', file, 'down', '-v']);
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes('/runtime/rootfs'), false);
  });

  it('that a host does not have are an error that says what to do', async () => {
    const missing = host.write('missing.yml', stack.replace('runtime: runc', 'runtime: none-such'));
    const { code, stderr } = await host.run(['-f', missing, 'up', '-d', 'named']);
    assert.notEqual(code, 0);
    assert.match(stderr, /runtime: none-such is not on this host/);
    await host.ok(['-f', missing, 'down', '-v']);
  });
});

describe('the runtime of the daemon', () => {
  const host = new TestHost();
  after(() => host.stop());

  it('is that of services that name none, and has to be there', async () => {
    const env = { TSSTACK_RUNTIME: 'runc' };
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive], { env });
    const file = host.write('stack.yml', stack.replace('runtime: runc', 'runtime: box'));
    await host.ok(['-f', file, 'up', '-d', 'own', 'named']);
    const directories = readdirSync(join(host.runRoot, 'containers')).map((name) =>
      existsSync(join(host.runRoot, 'containers', name, 'runtime')),
    );
    assert.deepEqual(directories.toSorted(), [false, true]);
    await host.ok(['-f', file, 'down', '-v']);
    const another = new TestHost();
    const { code, stderr } = await another.run(['daemon', '--runtime', 'none-such']);
    assert.equal(code, 1);
    assert.match(stderr, /runtime: none-such is not on this host/);
    await another.checkLeftovers();
  });
});
