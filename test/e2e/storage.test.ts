import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, until } from '../support/test-host.ts';

/** A line of a mount table: options of the mount, type and options of the file system. */
interface MountLine {
  readonly options: readonly string[];
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** The last mount on a path in the mount table of a process. */
function mountAt(pid: number, path: string): MountLine {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const fields = lines.findLast((line) => line[4] === path);
  assert.ok(fields !== undefined, `nothing is mounted on ${path}`);
  const [type = '', , superOptions = ''] = fields.slice(fields.indexOf('-') + 1);
  return { options: (fields[5] ?? '').split(','), type, superOptions: superOptions.split(',') };
}

function mountsBelow(directory: string): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => path.startsWith(`${directory}/`) && !path.endsWith('netns'));
}

describe('storage', () => {
  const host = new TestHost();
  let file = '';
  const inside = async (service: string, command: string): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command])).stdout.trim();
  const outputs = async (service: string, command: string): Promise<string> => {
    const { stdout, stderr } = await host.run(['-f', file, 'exec', '-T', service, 'sh', '-c', command]);
    return `${stdout}${stderr}`;
  };
  const common = 'image: "busybox:test", init: true, command: sleep 100000, stop_grace_period: 1s, network_mode: none';
  const tree = join(host.directory, 'tree');
  const below = join(tree, 'below');

  before(async () => {
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    mkdirSync(join(host.directory, 'device/part/inner'), { recursive: true });
    writeFileSync(join(host.directory, 'device/part/file'), 'of the part');
    symlinkSync('/etc', join(host.directory, 'device/out'));
    symlinkSync('part/inner', join(host.directory, 'device/in'));
    mkdirSync(below, { recursive: true });
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'below', below]).status, 0);
    writeFileSync(join(below, 'inner'), 'a mount below');
  });
  after(async () => {
    spawnSync('umount', [below]);
    await host.stop();
  });

  it('mounts parts of volumes, file systems of volumes and images as the file says', async () => {
    file = host.write(
      'stack.yml',
      `
name: storage
services:
  parts:
    image: "busybox:test"
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    network_mode: none
    volumes:
      - { type: volume, source: bound, target: /part, volume: { subpath: part } }
      - { type: volume, source: bound, target: /linked, read_only: true, volume: { subpath: in } }
      - { type: volume, source: bound, target: /one/file, volume: { subpath: part/file } }
      - "bound:/whole"
      - { type: image, source: "busybox:test", target: /image }
      - { type: image, source: "busybox:test", target: /image-part, image: { subpath: bin } }
      - { type: volume, target: /unnamed, volume: { labels: { purpose: scratch } } }
  memory: { ${common}, volumes: ["ram:/ram", "filled:/etc"] }
  other: { ${common}, volumes: ["ram:/ram"] }
volumes:
  bound: { driver_opts: { type: none, o: "bind,noexec", device: ./device } }
  ram: { driver_opts: { type: tmpfs, device: tmpfs, o: "size=2m,uid=1234,mode=750,noexec" } }
  filled: { driver_opts: { type: tmpfs, device: tmpfs } }
`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    const pids = await host.pids(file);
    const parts = pids['storage-parts-1'] ?? 0;
    assert.equal(
      await inside('parts', 'cat /part/file /one/file; touch /part/new /linked/new 2>&1 || :'),
      'of the partof the parttouch: /linked/new: Read-only file system',
    );
    assert.deepEqual(readdirSync(join(host.directory, 'device/part')).sort(), ['file', 'inner', 'new']);
    assert.ok(mountAt(parts, '/whole').options.includes('noexec'));
    assert.ok(mountAt(parts, '/image').options.includes('ro'));
    assert.match(await inside('parts', '/image/bin/busybox echo runs; ls /image-part'), /^runs\n[^]*\bbusybox\b/);
    assert.match(await outputs('parts', 'touch /image/x'), /Read-only file system/);
    const volumes = JSON.parse(
      `[${(await host.ok(['-f', file, 'volumes', '--format', 'json'])).stdout.trim().replaceAll('\n', ',')}]`,
    ) as { Labels: string }[];
    assert.ok(
      volumes.some(({ Labels }) => Labels.includes('purpose=scratch')),
      'labels of an anonymous volume',
    );
  });

  it('shares a mounted file system between the containers that use it', async () => {
    const memory = (await host.pids(file))['storage-memory-1'] ?? 0;
    const { type, options, superOptions } = mountAt(memory, '/ram');
    assert.equal(type, 'tmpfs');
    assert.ok(options.includes('noexec'));
    for (const option of ['size=2048k', 'uid=1234', 'mode=750']) assert.ok(superOptions.includes(option), option);
    await inside('memory', 'echo shared > /ram/note');
    assert.equal(await inside('other', 'cat /ram/note; stat -c %u:%a /ram'), 'shared\n1234:750');
    assert.match(await inside('memory', 'cat /etc/passwd'), /^root:/, 'what the image has there was copied');
  });

  it('fills a volume that is in use while it is empty: who has it and who comes share one', async () => {
    const shared = host.write(
      'shared.yml',
      `
name: shared
services:
  first: { ${common}, volumes: ["v:/mnt"] }
  second: { ${common}, volumes: ["v:/etc"] }
volumes: { v: {} }
`,
    );
    const run = async (service: string, command: string): Promise<string> =>
      (await host.ok(['-f', shared, 'exec', '-T', service, 'sh', '-c', command])).stdout.trim();
    await host.ok(['-f', shared, 'up', '-d', 'first']);
    await host.ok(['-f', shared, 'up', '-d', 'second']);
    assert.match(await run('first', 'echo note > /mnt/note && cat /mnt/passwd'), /^root:/);
    assert.equal(await run('second', 'cat /etc/note'), 'note');
    await host.ok(['-f', shared, 'down', '-v']);
  });

  it('keeps the mounts over a crash of the daemon and a restart, and unmounts after the last user', async () => {
    const before = await host.pids(file);
    await host.killDaemon();
    assert.equal(await inside('other', 'cat /ram/note'), 'shared');
    assert.deepEqual(await host.pids(file), before);
    await host.ok(['-f', file, 'restart', 'parts', 'memory']);
    assert.equal(await inside('memory', 'cat /ram/note'), 'shared');
    assert.equal(await inside('parts', 'cat /part/file'), 'of the part');
    await host.ok(['-f', file, 'rm', '-sf', 'memory']);
    assert.equal(await inside('other', 'cat /ram/note'), 'shared');
    assert.ok(mountsBelow(host.runRoot).some((path) => path.endsWith('volumes/storage_ram/mount')));
    await host.ok(['-f', file, 'stop', '-t', '0', 'other']);
    await until(
      async () => mountsBelow(host.runRoot),
      (paths) => !paths.some((path) => path.includes('storage_ram')),
    );
    await host.ok(['-f', file, 'start', 'other']);
    assert.equal(await inside('other', 'stat -c %u:%a /ram'), '1234:750');
    await host.ok(['-f', file, 'rm', '-sf', 'other']);
    assert.ok(!mountsBelow(host.runRoot).some((path) => path.includes('storage_ram')));
    await host.ok(['-f', file, 'down', '-v']);
    assert.deepEqual(mountsBelow(host.runRoot), []);
    assert.equal(
      readFileSync(join(host.directory, 'device/part/file'), 'utf8'),
      'of the part',
      "the device's own files stay",
    );
  });

  it('treats mounts below the source of a bind as the file says', async () => {
    const bind = (target: string, recursive: string, more = ''): string =>
      `{ type: bind, source: ${tree}, target: /${target}, ${more} bind: { recursive: ${recursive} } }`;
    file = host.write(
      'binds.yml',
      `
name: binds
services:
  a: { ${common}, volumes: [ ${bind('with', 'enabled')}, ${bind('without', 'disabled')},
    ${bind('sealed', 'readonly', 'read_only: true,')}, ${bind('open', 'writable', 'read_only: true,')},
    ${bind('usual', 'enabled', 'read_only: true,')},
    { type: bind, source: ${host.directory}/made, target: /made, bind: { create_host_path: true } } ],
    tmpfs: ["/run:size=1m,mode=710,uid=7,gid=8,exec,nr_inodes=99", "/plain"] }
`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    assert.equal(await inside('a', 'cat /with/below/inner'), 'a mount below');
    assert.equal(await inside('a', 'ls /without/below'), '');
    const pid = (await host.pids(file))['binds-a-1'] ?? 0;
    const isReadOnly = (path: string): boolean => mountAt(pid, path).options.includes('ro');
    for (const top of ['sealed', 'open', 'usual']) assert.ok(isReadOnly(`/${top}`), top);
    assert.deepEqual(
      ['sealed', 'open', 'usual', 'with'].map((top) => isReadOnly(`/${top}/below`)),
      [true, false, true, false],
    );
    assert.ok(statSync(join(host.directory, 'made')).isDirectory());
    const run = mountAt(pid, '/run');
    for (const option of ['size=1024k', 'mode=710', 'uid=7', 'gid=8', 'nr_inodes=99'])
      assert.ok(run.superOptions.includes(option), option);
    assert.deepEqual(
      ['nosuid', 'nodev', 'noexec'].map((option) => run.options.includes(option)),
      [true, true, false],
    );
    assert.ok(mountAt(pid, '/plain').options.includes('noexec'));
    await host.ok(['-f', file, 'down']);
  });

  it('refuses what cannot be, at its place, and what is not there when it is needed', async () => {
    const told = async (volumes: string, definition: string, verb = 'up -d'): Promise<string> => {
      file = host.write(
        'bad.yml',
        `name: bad\nservices:\n  a: { ${common}, volumes: [${volumes}] }\nvolumes: { v: ${definition} }\n`,
      );
      const { code, stderr } = await host.run(['-f', file, ...verb.split(' ')]);
      assert.equal(code, 1, `${volumes} ${definition}`);
      // What is refused by its place in the file has made nothing.
      if (!/^\S+bad\.yml:/m.test(stderr)) await host.ok(['-f', file, 'down', '-v']);
      return stderr;
    };
    const bind = '{ driver_opts: { type: none, o: bind, device: ./device } }';
    const mount = (subpath: string): string =>
      `{ type: volume, source: v, target: /v, volume: { subpath: ${subpath} } }`;
    assert.match(await told(mount('out'), bind), /subpath out of volume bad_v: out leads out of the volume/);
    assert.match(await told(mount('out/passwd'), bind), /leads out of the volume/);
    assert.match(await told(mount('none'), bind), /subpath none of volume bad_v: .*No such file/);
    assert.match(
      await told(mount('../x'), bind),
      /bad\.yml:3:\d+: error: .*subpath: subpath \.\.\/x has to be relative/,
    );
    assert.match(
      await told('"v:/v"', '{ driver_opts: { type: none, o: bind, device: ./nowhere } }'),
      /mount .*nowhere \(type none\) for volume bad_v.*No such file/,
    );
    assert.match(
      await told('"v:/v"', '{ driver_opts: { type: nosuchfs, device: x } }'),
      /type nosuchfs.*(No such device|ENODEV)/,
    );
    assert.match(
      await told('"v:/v"', '{ driver_opts: { type: nfs, device: ":/x", o: "addr=127.0.0.1,vers=4" } }'),
      /mount :\/x \(type nfs\) for volume bad_v: [^]*hint: (nothing answers there|the kernel of this node)/,
    );
    assert.match(
      await told('"v:/v"', '{ driver_opts: { type: nfs, device: ":/x", o: "addr=name.invalid" } }'),
      /name\.invalid does not resolve/,
    );
    assert.match(
      await told('"v:/v"', '{ driver_opts: { type: nfs } }'),
      /bad\.yml:4:\d+: error: volumes\.v\.driver_opts.*needs device/,
    );
    assert.match(
      await told('"v:/v"', '{ driver_opts: { size: 1g } }'),
      /bad\.yml:4:\d+.*size would need project quotas/,
    );
    assert.match(await told('"v:/v"', '{ driver_opts: { colour: red } }'), /bad\.yml:4:\d+.*colour is not supported/);
    assert.match(
      await told('"v:/v", { type: npipe, source: x, target: /y }', '{}'),
      /bad\.yml:3:\d+.*npipe exists on Windows only/,
    );
    assert.match(await told('"v:/v", { type: cluster, source: v, target: /y }', '{}'), /bad\.yml:3:\d+.*CSI plugin/);
    assert.match(
      await told('"v:/v", { type: image, source: "busybox:test", target: /i, image: { subpath: none } }', '{}'),
      /none of image busybox:test/,
    );
    assert.match(
      await told('{ type: bind, source: /tmp, target: /t, bind: { recursive: readonly } }, "v:/v"', '{}'),
      /recursive readonly needs read_only: true/,
    );
    assert.match(
      await told(
        `{ type: bind, source: ${host.directory}/missing, target: /t, bind: { create_host_path: false } }, "v:/v"`,
        '{}',
      ),
      /missing does not exist on this host/,
    );
    assert.ok(!existsSync(join(host.directory, 'missing')));
    assert.match(
      await host.refusal('image: busybox:test, storage_opt: { size: 1m }'),
      /bad\.yml:3:\d+: error: services\.a\.storage_opt\.size: .*needs project quotas on the file system of the data/,
    );
    assert.deepEqual(mountsBelow(host.runRoot), []);
  });
});
