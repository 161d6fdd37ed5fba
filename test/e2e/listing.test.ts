import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import type { NodeDescription } from '../../src/model/objects.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import type { TestHost } from '../support/test-host.ts';

const stack = `
name: listing
services:
  web:
    image: busybox:test
    init: true
    command: sleep 100000
    scale: 2
    labels: { com.example.tier: front }
    ports: ["127.0.0.1::80", "53/udp"]
    volumes: ["data:/data"]
  done: { image: "busybox:test", command: ["sh", "-c", "exit 3"] }
  rare: { image: "busybox:test", command: sleep 1, profiles: [rare] }
volumes: { data: {}, unused: {} }
`;

describe('verbs that show what there is', () => {
  const host = busyboxHost();
  let file = '';

  const run = (...args: readonly string[]): ReturnType<TestHost['run']> => host.run(['-f', file, ...args]);
  /** Lines of what a command prints. */
  async function lines(...args: readonly string[]): Promise<readonly string[]> {
    const { stdout } = await host.ok(['-f', file, ...args]);
    return stdout.split('\n').filter((line) => line !== '');
  }
  async function json<Type>(...args: readonly string[]): Promise<Type> {
    return JSON.parse((await lines(...args)).join('')) as Type;
  }

  before(async () => {
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d']);
    // An attached `up` of it alone lasts until it has ended.
    assert.equal((await run('up', '--exit-code-from', 'done', 'done')).code, 3);
  });

  it('ps shows running containers, by name', async () => {
    const [header, ...rows] = await lines('ps');
    assert.match(header ?? '', /^NAME +IMAGE +COMMAND +SERVICE +CREATED +STATUS +PORTS$/);
    assert.match(rows[0] ?? '', /^listing-web-1 +busybox:test +".*" +web +.* ago +Up .* +127\.0\.0\.1:\d+->80\/tcp/);
    assert.match(rows[1] ?? '', /^listing-web-2 /);
    assert.equal(rows.length, 2);
  });

  it('ps chooses by state, service and kind', async () => {
    assert.equal((await lines('ps', '-q')).length, 2);
    assert.equal((await lines('ps', '-a', '-q')).length, 3);
    assert.deepEqual(await lines('ps', '--services'), ['web']);
    assert.deepEqual(await lines('ps', '-a', '--services'), ['done', 'web']);
    for (const choice of [
      ['--status', 'exited'],
      ['--filter', 'status=exited'],
      ['-a', 'done'],
    ]) {
      const rows = await lines('ps', ...choice);
      assert.equal(rows.length, 2);
      assert.match(rows[1] ?? '', /^listing-done-1 .* Exited \(3\) .* ago/);
    }
    assert.equal((await lines('ps', 'done')).length, 1);
    assert.equal((await run('ps', '--status', 'sleeping')).code, 1);
  });

  it('ps --format json has the fields that scripts know', async () => {
    const [text = ''] = await lines('ps', '--format', 'json', 'web');
    const row = JSON.parse(text) as Record<string, unknown>;
    const fields =
      'Command CreatedAt ExitCode Health ID Image Labels LocalVolumes Mounts Name Names Networks Ports Project Publishers RunningFor Service Size State Status';
    assert.deepEqual(Object.keys(row).toSorted(), fields.split(' '));
    assert.equal(row['Name'], 'listing-web-1');
    assert.equal(row['Project'], 'listing');
    assert.equal(row['Service'], 'web');
    assert.equal(row['State'], 'running');
    assert.equal(row['Image'], 'busybox:test');
    assert.equal(row['Networks'], 'listing_default');
    assert.equal(row['LocalVolumes'], '1');
    assert.match(String(row['ID']), /^[0-9a-f]{12}$/);
    assert.match(String(row['Labels']), /com\.docker\.compose\.service=web/);
    assert.match(String(row['Labels']), /com\.example\.tier=front/);
    const [tcp, udp] = row['Publishers'] as Record<string, unknown>[];
    assert.deepEqual(
      { ...tcp, PublishedPort: 0 },
      { URL: '127.0.0.1', TargetPort: 80, PublishedPort: 0, Protocol: 'tcp' },
    );
    assert.equal(udp?.['Protocol'], 'udp');
    const [whole = ''] = await lines('ps', '--format', 'json', '--no-trunc', 'web');
    assert.match(String((JSON.parse(whole) as Record<string, unknown>)['ID']), /^[0-9a-f]{64}$/);
  });

  it('port says where a port is published', async () => {
    const [first] = await lines('port', 'web', '80');
    const [second] = await lines('port', '--index', '2', 'web', '80');
    assert.match(first ?? '', /^127\.0\.0\.1:\d+$/);
    assert.match(second ?? '', /^127\.0\.0\.1:\d+$/);
    assert.notEqual(first, second);
    assert.match((await lines('port', '--protocol', 'udp', 'web', '53'))[0] ?? '', /^0\.0\.0\.0:\d+$/);
    const { code, stderr } = await run('port', 'web', '81');
    assert.equal(code, 1);
    assert.match(stderr, /no port 81\/tcp for container listing-web-1[^]*80\/tcp/);
  });

  it('top shows the processes of each container', async () => {
    const [header, ...rows] = await lines('top', 'web');
    assert.match(header ?? '', /^SERVICE +# +UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    assert.equal(rows.filter((row) => /^web +1 +root +\d+ .*:\d\d +sleep 100000$/.test(row)).length, 1);
    assert.equal(rows.filter((row) => /^web +2 +root +\d+ .*:\d\d +sleep 100000$/.test(row)).length, 1);
  });

  it('ls shows stacks with the states of their containers', async () => {
    const [header, row] = await lines('ls');
    assert.match(header ?? '', /^NAME +STATUS +CONFIG FILES$/);
    assert.match(row ?? '', /^listing +exited\(1\), running\(2\) +\/.*stack\.yml$/);
    assert.deepEqual(await json('ls', '--format', 'json'), [
      { Name: 'listing', Status: 'exited(1), running(2)', ConfigFiles: file },
    ]);
    assert.deepEqual(await lines('ls', '-q', '--filter', 'name=list'), ['listing']);
    assert.deepEqual(await lines('ls', '-q', '--filter', 'name=other'), []);
    await host.ok(['-f', file, 'stop']);
    assert.deepEqual(await lines('ls', '-q'), []);
    assert.deepEqual(await lines('ls', '-a', '-q'), ['listing']);
    await host.ok(['-f', file, 'start', 'web']);
  });

  it('images shows the image of each container', async () => {
    const [header, ...rows] = await lines('images');
    assert.match(header ?? '', /^CONTAINER +REPOSITORY +TAG +PLATFORM +IMAGE ID +SIZE +CREATED$/);
    assert.equal(rows.length, 3);
    assert.match(rows[0] ?? '', /^listing-done-1 +busybox +test +linux\/(amd64|arm64) +[0-9a-f]{12} +[\d.]+\wB/);
    const [image] = await json<Record<string, unknown>[]>('images', '--format', 'json', 'web');
    assert.equal(image?.['ContainerName'], 'listing-web-1');
    assert.match(String(image['ID']), /^sha256:[0-9a-f]{64}$/);
    assert.equal((await lines('images', '-q')).length, 1);
  });

  it('volumes shows those of the stack that are used', async () => {
    assert.deepEqual(await lines('volumes', '-q'), ['listing_data']);
  });

  it('events tells what happened to containers', async () => {
    const since = new Date().toISOString();
    await host.ok(['-f', file, 'restart', 'web']);
    const until = new Date().toISOString();
    const events = (await lines('events', '--json', '--since', since, '--until', until)).map(
      (line) => JSON.parse(line) as { time: string; action: string; service: string; attributes: { name: string } },
    );
    for (const { time } of events) assert.match(time, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
    const actions = events.filter(({ attributes }) => attributes.name === 'listing-web-1').map(({ action }) => action);
    assert.deepEqual(actions, ['kill', 'die', 'stop', 'start', 'restart']);
    assert.match(
      (await lines('events', '--since', since, '--until', until))[0] ?? '',
      /^[\d-]+ [\d:.]+ container \w+ [0-9a-f]{64} \(/,
    );
    assert.deepEqual(await lines('events', '--since', since, '--until', until, 'done'), []);
    // In the zone of who reads it, as --since reads it.
    const there = { env: { TZ: 'Asia/Kolkata' } };
    const { stdout } = await host.ok(['-f', file, 'events', '--since', since, '--until', until], there);
    const shown = Date.parse(`${stdout.slice(0, 23).replace(' ', 'T')}+05:30`);
    assert.ok(Date.parse(since) <= shown && shown <= Date.parse(until), stdout);
  });

  it('events tells of commands, signals and pauses', async () => {
    const since = new Date().toISOString();
    await host.run(['-f', file, 'exec', '-T', 'web', 'sh', '-c', 'exit 3']);
    await host.ok(['-f', file, 'pause', 'web']);
    await host.ok(['-f', file, 'unpause', 'web']);
    await host.ok(['-f', file, 'kill', '-s', 'SIGCONT', 'web']);
    const until = new Date().toISOString();
    const told = (await lines('events', '--json', '--since', since, '--until', until, 'web')).map(
      (line) =>
        JSON.parse(line) as { action: string; attributes: { name: string; exitCode?: string; signal?: string } },
    );
    const ofFirst = told.filter(({ attributes }) => attributes.name === 'listing-web-1');
    assert.deepEqual(
      ofFirst.map(({ action, attributes }) => [action, attributes.exitCode ?? attributes.signal]),
      [
        ['exec_create: sh -c exit 3', undefined],
        ['exec_start: sh -c exit 3', undefined],
        ['exec_die', '3'],
        ['pause', undefined],
        ['unpause', undefined],
        ['kill', 'SIGCONT'],
      ],
    );
  });

  it('config prints the file in its canonical form, and parts of it', async () => {
    const model = await json<{ name: string; services: Record<string, { image: string; command: string[] }> }>(
      'config',
      '--format',
      'json',
    );
    assert.equal(model.name, 'listing');
    assert.deepEqual(Object.keys(model.services).toSorted(), ['done', 'web']);
    assert.deepEqual(model.services['web']?.command, ['sleep', '100000']);
    assert.deepEqual((await lines('config', '--services')).toSorted(), ['done', 'web']);
    assert.deepEqual((await lines('--profile', 'rare', 'config', '--services')).toSorted(), ['done', 'rare', 'web']);
    assert.deepEqual(await lines('config', '--profiles'), ['rare']);
    assert.deepEqual((await lines('config', '--images')).toSorted(), ['busybox:test', 'busybox:test']);
    assert.deepEqual(await lines('config', '-q'), []);
    const [hash = ''] = await lines('config', '--hash', 'web');
    assert.match(hash, /^web [0-9a-f]{64}$/);
    const [row] = await lines('ps', 'web', '--format', 'json');
    assert.match(row ?? '', new RegExp(`com\\.docker\\.compose\\.config-hash=${hash.slice('web '.length)}`));
    const yaml = host.write('canonical.yml', (await lines('config')).map((line) => `${line}\n`).join(''));
    assert.equal((await host.ok(['-f', yaml, 'config'])).stdout, (await host.ok(['-f', file, 'config'])).stdout);
  });

  it('version and info say what runs', async () => {
    const [version] = await lines('version', '--short');
    assert.match(version ?? '', /^\d+\.\d+\.\d+$/);
    assert.deepEqual(await json('version', '-f', 'json'), { version });
    assert.deepEqual(await lines('version'), [`tsstack version ${version}`]);
    const info = await json<{ version: string; dataRoot: string; pid: number; node: NodeDescription }>(
      'info',
      '--format',
      'json',
    );
    assert.equal(info.version, version);
    assert.equal(info.dataRoot, host.dataRoot);
    assert.match((await lines('info')).join('\n'), /Cgroups: +(v1|hybrid|v2)/);
    // tsstack could not run without it.
    assert.equal(info.node.kernelFeatures.nftables, 'available');
    assert.match((await lines('info')).join('\n'), /Kernel has: .*nftables/);
  });
});
