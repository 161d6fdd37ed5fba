import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { splitDeviceNumber } from '../../agents/host/containers/devices.ts';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

const sleeper = 'image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 1s';

/** A block device of our own, with the scheduler that knows weights. */
class Disk {
  readonly path: string;
  readonly number: string;
  readonly major: number;
  readonly minor: number;
  readonly #scheduler: string;
  readonly #before: string;

  constructor(file: string) {
    truncateSync(file, 2 ** 20);
    this.path = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    this.#scheduler = join('/sys/block', basename(this.path), 'queue/scheduler');
    this.#before = /\[(.*)\]/.exec(readFileSync(this.#scheduler, 'utf8'))?.[1] ?? 'none';
    writeFileSync(this.#scheduler, 'bfq');
    const { major, minor } = splitDeviceNumber(statSync(this.path).rdev);
    this.major = major;
    this.minor = minor;
    this.number = `${major}:${minor}`;
  }

  remove(): void {
    writeFileSync(this.#scheduler, this.#before);
    execFileSync('losetup', ['--detach', this.path]);
  }
}

const stackOn = (disk: Disk): string => `
name: res
services:
  disk:
    image: busybox:test
    command: sleep 100000
    init: true
    blkio_config:
      weight: 300
      weight_device: [{ path: ${disk.path}, weight: 200 }]
      device_read_bps: [{ path: ${disk.path}, rate: 1m }]
      device_write_bps: [{ path: ${disk.path}, rate: 2m }]
      device_read_iops: [{ path: ${disk.path}, rate: 100 }]
      device_write_iops: [{ path: ${disk.path}, rate: 200 }]
  memory: { ${sleeper}, mem_limit: 32m, memswap_limit: 48m, mem_swappiness: 30, oom_kill_disable: true }
  calm: { ${sleeper}, mem_limit: 32m, mem_swappiness: 0 }
  shares: { ${sleeper}, cpu_shares: 512, cgroup_parent: /res-test/batch }
  rules: { ${sleeper}, device_cgroup_rules: ["c 1:11 rw", "b ${disk.major}:* r"], cap_add: [MKNOD] }
  open: { ${sleeper}, security_opt: ["systempaths=unconfined", "label=disable", "label:type:container_t", "apparmor=unconfined", "writable-cgroups=true"] }
  closed: { ${sleeper} }
`;

describe('resources', () => {
  const host = new TestHost();
  let disk: Disk;
  let file: string;
  let pids: Readonly<Record<string, number>>;

  before(async () => {
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    disk = new Disk(host.write('disk.img', ''));
    file = host.write('stack.yml', stackOn(disk));
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    pids = await host.pids(file);
  });
  after(async () => {
    disk.remove();
    await host.stop();
  });

  /** Path of the container's cgroup in the hierarchy of a v1 controller. */
  const cgroupOf = (service: string, controller: string): string => {
    const lines = readFileSync(`/proc/${pids[`res-${service}-1`] ?? 0}/cgroup`, 'utf8').split('\n');
    const line = lines.find((candidate) => candidate.split(':')[1]?.split(',').includes(controller));
    return line?.split(':')[2] ?? assert.fail(`no ${controller} in ${lines.join()}`);
  };
  const setting = (service: string, name: string): string => {
    const controller = name.split('.', 1)[0] ?? '';
    return readFileSync(join('/sys/fs/cgroup', controller, cgroupOf(service, controller), name), 'utf8').trim();
  };
  const exec = async (service: string, command: string): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command])).stdout;

  it('bound what a container reads and writes per second', () => {
    const device = disk.number;
    assert.equal(setting('disk', 'blkio.bfq.weight'), '300');
    assert.match(setting('disk', 'blkio.bfq.weight_device'), new RegExp(`^${device} 200$`, 'm'));
    assert.equal(setting('disk', 'blkio.throttle.read_bps_device'), `${device} 1048576`);
    assert.equal(setting('disk', 'blkio.throttle.write_bps_device'), `${device} 2097152`);
    assert.equal(setting('disk', 'blkio.throttle.read_iops_device'), `${device} 100`);
    assert.equal(setting('disk', 'blkio.throttle.write_iops_device'), `${device} 200`);
  });

  it('bound memory with swap, the will to swap and what happens without memory', () => {
    assert.equal(setting('memory', 'memory.swappiness'), '30');
    assert.equal(setting('calm', 'memory.swappiness'), '0');
    assert.match(setting('memory', 'memory.oom_control'), /^oom_kill_disable 1$/m);
    assert.match(setting('calm', 'memory.oom_control'), /^oom_kill_disable 0$/m);
    // A kernel without swap accounting has no such file, and `info` says so.
    const swap = join('/sys/fs/cgroup/memory', cgroupOf('memory', 'memory'), 'memory.memsw.limit_in_bytes');
    if (existsSync(swap)) assert.equal(readFileSync(swap, 'utf8').trim(), String(48 * 2 ** 20));
    else assert.equal(existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'), false);
  });

  it('are shares in the cgroup that the file names, below that of the daemon', () => {
    assert.equal(setting('shares', 'cpu.shares'), '512');
    assert.match(cgroupOf('shares', 'memory'), /\/res-test\/batch\/[0-9a-f]{12}$/);
    assert.match(cgroupOf('closed', 'memory'), /\/tsstack\/[0-9a-f]{8}\/[0-9a-f]{12}$/);
  });

  it('are the devices of device_cgroup_rules, and no others', async () => {
    assert.match(setting('rules', 'devices.list'), /^c 1:11 rw/m);
    assert.match(setting('rules', 'devices.list'), new RegExp(`^b ${disk.major}:\\* r`, 'm'));
    assert.doesNotMatch(setting('closed', 'devices.list'), /^c 1:11/m);
    const read = `mknod /tmp/disk b ${disk.major} ${disk.minor} && exec 3< /tmp/disk && echo open`;
    assert.equal(await exec('rules', read), 'open\n');
    const write = await host.run(['-f', file, 'exec', '-T', 'rules', 'sh', '-c', 'exec 3>> /tmp/disk']);
    assert.match(write.stderr, /Operation not permitted/);
    const other = await host.run(['-f', file, 'exec', '-T', 'closed', 'sh', '-c', read]);
    assert.match(other.stderr, /Operation not permitted/);
  });

  it('of the system are hidden unless security_opt opens them', async () => {
    const look =
      'mount | grep -c " on /proc/[a-z]"; mkdir /sys/fs/cgroup/memory/own && echo made; rmdir /sys/fs/cgroup/memory/own; true';
    assert.match(await exec('open', look), /^0\nmade\n$/);
    assert.match(await exec('closed', `(${look}) 2>&1`), /^[1-9]\d*\nmkdir: [^]*Read-only/);
  });

  it('that the host or the file does not have are errors that name the attribute', async () => {
    const refuse = (attributes: string): Promise<string> => host.refusal(`${sleeper}, ${attributes}`);
    assert.match(
      await refuse('blkio_config: { device_read_bps: [{ path: /dev/none-such, rate: 1m }] }'),
      /blkio_config: \/dev\/none-such does not exist on this host/,
    );
    assert.match(
      await refuse('blkio_config: { device_read_bps: [{ path: /dev/null, rate: 1m }] }'),
      /blkio_config: \/dev\/null is not a block device/,
    );
    assert.match(await refuse('mem_swappiness: 101'), /bad\.yml:3:[^]*mem_swappiness is 101, expected 0 to 100/);
    assert.match(
      await refuse('cgroup_parent: ../other'),
      /bad\.yml:3:[^]*cgroup_parent leaves the daemon's own cgroup/,
    );
    assert.match(await refuse('memswap_limit: 10m'), /bad\.yml:3:[^]*memswap_limit needs mem_limit/);
    assert.match(await refuse('mem_limit: 64m, memswap_limit: 10m'), /memswap_limit \(10485760\) is below mem_limit/);
    assert.match(await refuse('security_opt: ["colour=red"]'), /bad\.yml:3:[^]*colour=red/);
    if (!existsSync('/sys/kernel/security/apparmor')) {
      assert.match(
        await refuse('security_opt: ["apparmor=strict"]'),
        /security_opt apparmor=strict: this host has no AppArmor/,
      );
    }
  });

  it('in real time are those of the host, or an error that says what they lack', async () => {
    const realTime = host.write(
      'rt.yml',
      `name: rt\nservices:\n  a: { ${sleeper}, cpu_rt_period: 1s, cpu_rt_runtime: 95ms }\n`,
    );
    const { code, stderr } = await host.run(['-f', realTime, 'up', '-d', '--wait']);
    if (code === 0) {
      pids = { 'res-a-1': (await host.pids(realTime))['rt-a-1'] ?? 0 };
      assert.deepEqual([setting('a', 'cpu.rt_period_us'), setting('a', 'cpu.rt_runtime_us')], ['1000000', '95000']);
    } else {
      assert.match(stderr, /cpu\.?_?(rt_runtime|realtimeRuntime)/);
    }
    await host.ok(['-f', realTime, 'down']);
  });
});
