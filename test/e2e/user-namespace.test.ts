import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { TestHost } from '../support/test-host.ts';

const stack = `
name: users
x-base: &base
  image: busybox:test
  command: sleep 100000
  init: true
  stop_grace_period: 1s
services:
  plain:
    <<: *base
    volumes: [ "./bound:/bound", "shared:/shared" ]
  mapped:
    <<: *base
    userns_mode: auto
    cap_add: [NET_ADMIN]
    ulimits: { nofile: { soft: 1000, hard: 2000 } }
    sysctls: { kernel.msgmax: "9999", net.ipv4.ip_forward: "1" }
    tmpfs: ["/scratch:size=1m,mode=0700"]
    devices: ["/dev/net/tun:/dev/custom-tun:rw"]
    healthcheck: { test: ["CMD", "sh", "-c", "test $$(id -u) = 0 && touch /healthy"], interval: 1s }
    volumes: [ "./bound:/bound", "shared:/shared", "filled:/etc" ]
    secrets: [ { source: word, mode: 0400 }, { source: word, target: own, uid: "1000", gid: "1001", mode: 0400 } ]
    configs: [ { source: text, target: /etc/text.conf } ]
  other:
    <<: *base
    userns_mode: auto
    user: "1000:1001"
    volumes: [ "shared:/shared" ]
  sidecar:
    <<: *base
    userns_mode: auto
    network_mode: service:mapped
secrets: { word: { environment: TEST_SECRET } }
configs: { text: { content: "hello config\\n" } }
volumes: { shared: {}, filled: {} }
`;

/** Of the default pool, where /etc/subuid gives nothing to containers. */
const idsPerContainer = 65_536;

describe('userns_mode: auto', () => {
  const host = busyboxHost();
  let file = '';

  async function inside(service: string, command: string, ...options: readonly string[]): Promise<string> {
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', ...options, service, 'sh', '-c', command]);
    return stdout.trim();
  }
  async function processOf(service: string): Promise<number> {
    const pid = (await host.pids(file))[`users-${service}-1`];
    assert.ok(pid, `${service} runs`);
    return pid;
  }
  /** First and number of the host's ids that a process has, as the kernel says. */
  async function rangeOf(service: string): Promise<readonly [number, number]> {
    const pid = await processOf(service);
    const [users, groups] = ['uid_map', 'gid_map'].map((map) => readFileSync(`/proc/${pid}/${map}`, 'utf8').trim());
    assert.equal(users, groups);
    const [inner, outer, count] = (users ?? '').split(/\s+/).map(Number);
    assert.equal(inner, 0);
    return [outer ?? -1, count ?? -1];
  }
  const volume = (name: string): string => {
    const root = join(host.dataRoot, 'volumes');
    const found = readdirSync(root).find((entry) => entry.includes(name));
    assert.ok(found, `volume ${name} in ${root}`);
    const content = join(root, found, '_data');
    return statSync(content, { throwIfNoEntry: false }) === undefined ? join(root, found) : content;
  };

  before(async () => {
    file = host.write('stack.yml', stack);
    const bound = join(host.directory, 'bound');
    mkdirSync(bound);
    writeFileSync(join(bound, 'private'), 'of the host\n', { mode: 0o600 });
    writeFileSync(join(bound, 'public'), 'for all\n');
    await host.ok(['-f', file, 'up', '-d', '--wait'], { env: { TEST_SECRET: 'a-secret-word' } });
  });

  it('gives each container ids of its own, and root of a container is nobody of the host', async () => {
    const ranges = [await rangeOf('mapped'), await rangeOf('other')];
    for (const [first, count] of ranges) {
      assert.ok(first >= 65_536, String(first));
      assert.equal(count, idsPerContainer);
    }
    const [[a], [b]] = ranges as [readonly [number, number], readonly [number, number]];
    assert.ok(Math.abs(a - b) >= idsPerContainer, `${a} and ${b} overlap`);
    const owner = (pid: number): number =>
      Number(/^Uid:\s(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    assert.equal(owner(await processOf('mapped')), a);
    assert.deepEqual(await rangeOf('plain'), [0, 4_294_967_295]);
    assert.equal(owner(await processOf('plain')), 0);
    assert.equal(await inside('mapped', 'id -u; id -g'), '0\n0');
    assert.equal(await inside('other', 'id -u; id -g'), '1000\n1001');
  });

  it('keeps what is the host’s from root of the container', async () => {
    assert.equal(await inside('plain', 'cat /bound/private'), 'of the host');
    assert.match(await inside('mapped', 'cat /bound/private 2>&1 || true'), /Permission denied/);
    assert.match(await inside('mapped', 'touch /bound/made 2>&1 || true'), /Permission denied/);
    assert.equal(await inside('mapped', 'cat /bound/public; stat -c %u /bound/public'), 'for all\n65534');
    assert.match(await inside('mapped', 'echo 1 > /proc/sys/kernel/sysrq 2>&1 || true'), /Read-only|denied|^$/);
  });

  it('takes files in as its root’s and gives its own out, with its rights alone', async () => {
    const carried = host.write('carried', 'carried\n');
    const cp = (...args: readonly string[]): ReturnType<TestHost['run']> => host.run(['-f', file, 'cp', ...args]);
    assert.equal((await cp(carried, 'mapped:/root/carried')).code, 0);
    assert.equal((await cp(carried, 'mapped:/shared/carried')).code, 0);
    assert.equal((await cp(carried, 'mapped:/scratch')).code, 0);
    assert.equal(
      await inside('mapped', 'chown 1000:1001 /root/carried; stat -c %u:%g /shared/carried /scratch/carried'),
      '0:0\n0:0',
    );
    const { stdout } = await host.ok(['-f', file, 'cp', 'mapped:/root/carried', '-']);
    // The number in a tar header: as the container sees its user.
    assert.equal(parseInt(stdout.slice(stdout.indexOf('ustar') - 257 + 108).slice(0, 7), 8), 1000);
    assert.match((await cp('mapped:/bound/private', '-')).stderr, /Permission denied/);
    assert.match((await cp(carried, 'mapped:/bound/carried')).stderr, /Permission denied/);
  });

  it('owns its root: files of the image and new ones, stored as the ids of the image', async () => {
    const seen = 'stat -c %u:%g /bin/sh / /tmp; touch /new && chown 33:34 /new && stat -c %u:%g /new';
    assert.equal(await inside('mapped', seen), '0:0\n0:0\n0:0\n33:34');
    const row = (await host.ps(file)).find(({ Name }) => Name === 'users-mapped-1');
    const stored = statSync(join(host.dataRoot, 'containers', row?.ID.slice(0, 12) ?? '', 'upper', 'new'));
    assert.deepEqual([stored.uid, stored.gid], [33, 34]);
    // Seen through the container's own root, it belongs to an id of its range.
    const [first] = await rangeOf('mapped');
    assert.equal(statSync(`/proc/${await processOf('mapped')}/root/new`).uid, first + 33);
  });

  it('shares a volume between containers with different ids: on the disk there is one owner', async () => {
    await inside(
      'mapped',
      'touch /shared/root && touch /shared/user && chown 1000:1001 /shared/user && chmod 700 /shared/user',
    );
    assert.equal(
      await inside('other', 'stat -c %u:%g /shared/root /shared/user; echo mine > /shared/user'),
      '0:0\n1000:1001',
    );
    assert.match(await inside('other', 'echo x 2>&1 > /shared/root || true'), /^$|denied/);
    assert.equal(
      await inside('plain', 'stat -c %u:%g /shared/root /shared/user; cat /shared/user'),
      '0:0\n1000:1001\nmine',
    );
    const onDisk = ['root', 'user'].map((name) => statSync(join(volume('shared'), name)));
    assert.deepEqual(
      onDisk.map(({ uid, gid }) => [uid, gid]),
      [
        [0, 0],
        [1000, 1001],
      ],
    );
  });

  it('fills a volume with what the image has, and writes to it as root', async () => {
    assert.equal(
      await inside('mapped', 'stat -c %u /etc/passwd && echo x > /etc/made && stat -c %u /etc/made'),
      '0\n0',
    );
    assert.equal(statSync(join(volume('filled'), 'made')).uid, 0);
  });

  it('reads its secrets and configs, and may change /etc/hosts', async () => {
    const read = 'cat /run/secrets/word; stat -c "%u:%g %a" /run/secrets/word /run/secrets/own; cat /etc/text.conf';
    assert.equal(await inside('mapped', read), 'a-secret-word0:0 400\n1000:1001 400\nhello config');
    assert.match(await inside('mapped', 'cat /run/secrets/own', '--user', '1000'), /a-secret-word/);
    assert.match(await inside('mapped', 'cat /run/secrets/own 2>&1 || true', '--user', '33'), /denied/);
    await inside('mapped', 'echo "192.0.2.9 somewhere" >> /etc/hosts');
  });

  it('has its file systems, devices, limits and sysctls', async () => {
    assert.equal(await inside('mapped', 'stat -c "%u %a" /scratch /dev/shm'), '0 700\n0 1777');
    assert.equal(await inside('mapped', 'echo x > /dev/null; head -c 3 /dev/zero | wc -c; ulimit -n'), '3\n1000');
    assert.equal(
      await inside('mapped', 'stat -c "%u %t:%T" /dev/custom-tun; : < /dev/custom-tun && echo ok'),
      '0 a:c8\nok',
    );
    assert.equal(await inside('mapped', 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward'), '9999\n1');
  });

  it('owns its network, and reaches the others by name', async () => {
    assert.equal(await inside('mapped', 'ip link set lo mtu 1400 && cat /sys/class/net/lo/mtu'), '1400');
    assert.match(await inside('mapped', 'ping -c 1 -W 5 other && nslookup plain'), /1 packets received[\s\S]*plain/);
    const pid = await processOf('mapped');
    assert.equal(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync(`/proc/${await processOf('sidecar')}/ns/net`));
  });

  it('shares its ids with who shares its network', async () => {
    assert.deepEqual(await rangeOf('sidecar'), await rangeOf('mapped'));
    const [mapped, sidecar] = [await processOf('mapped'), await processOf('sidecar')];
    assert.equal(readlinkSync(`/proc/${mapped}/ns/user`), readlinkSync(`/proc/${sidecar}/ns/user`));
    assert.equal(await inside('sidecar', 'stat -c %u /bin/sh; ls /sys/class/net | head -1'), '0\neth0');
  });

  it('runs healthchecks as root of the container', async () => {
    const row = (await host.ps(file)).find(({ Name }) => Name === 'users-mapped-1');
    assert.equal(row?.Health, 'healthy');
    assert.equal(await inside('mapped', 'stat -c %u /healthy'), '0');
  });

  it('keeps its ids and files over a restart, and over the death of the daemon', async () => {
    const before = await rangeOf('mapped');
    const pid = await processOf('mapped');
    await host.killDaemon();
    await host.ok(['-f', file, 'restart', 'mapped'], { env: { TEST_SECRET: 'a-secret-word' } });
    assert.notEqual(await processOf('mapped'), pid);
    assert.deepEqual(await rangeOf('mapped'), before);
    assert.equal(await inside('mapped', 'stat -c %u:%g /new'), '33:34');
    await host.ok(['-f', file, 'up', '-d', '--scale', 'other=2'], { env: { TEST_SECRET: 'a-secret-word' } });
    const pids = Object.values(await host.pids(file));
    const firsts = pids.map((one) => Number(readFileSync(`/proc/${one}/uid_map`, 'utf8').trim().split(/\s+/)[1]));
    // The sidecar has those of `mapped`, `plain` those of the host.
    assert.equal(new Set(firsts).size, pids.length - 1);
  });

  it('refuses what takes the root of the host, with its place in the file', async () => {
    const bad = host.write(
      'bad.yml',
      'services:\n  a:\n    image: busybox:test\n    userns_mode: auto\n    privileged: true\n',
    );
    const privileged = await host.run(['-f', bad, 'up', '-d']);
    assert.notEqual(privileged.code, 0);
    assert.match(privileged.stderr, /bad\.yml:5:5.*services\.a\.privileged.*userns_mode/);
    const odd = host.write('odd.yml', 'services:\n  a:\n    image: busybox:test\n    userns_mode: keep-id\n');
    const unknown = await host.run(['-f', odd, 'up', '-d']);
    assert.match(unknown.stderr, /odd\.yml:4:\d+.*userns_mode.*keep-id/);
  });

  it('leaves nothing', async () => {
    await host.ok(['-f', file, 'down', '-v', '-t', '1']);
    assert.deepEqual(readdirSync(join(host.dataRoot, 'containers')), []);
  });
});

describe('userns_mode: auto where the file system cannot map ids', () => {
  const host = new TestHost();
  // Not below the host's own directory, where no mount may be left.
  const memory = mkdtempSync(join(tmpdir(), 'tsstack-ramfs-'));
  const file = host.write(
    'stack.yml',
    `
name: copied
x-base: &base { image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 1s, userns_mode: auto }
services:
  plain: { <<: *base }
  keeper: { <<: *base, volumes: ["data:/data"] }
volumes: { data: {} }
`,
  );

  before(async () => {
    execFileSync('mount', ['-t', 'ramfs', 'tsstack-test', memory]);
    symlinkSync(memory, host.dataRoot);
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
  });
  after(async () => {
    await host.stop();
    execFileSync('umount', [memory]);
    rmdirSync(memory);
  });

  it('gives the container a copy of the image that is its own, over restarts too', async () => {
    await host.ok(['-f', file, 'up', '-d', 'plain']);
    const look = 'stat -c %u:%g /bin/sh /; touch /new && stat -c %u /new';
    const inside = ['-f', file, 'exec', '-T', 'plain', 'sh', '-c', look];
    assert.equal((await host.ok(inside)).stdout.trim(), '0:0\n0:0\n0');
    const pid = Object.values(await host.pids(file))[0] ?? 0;
    const first = Number(readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/)[1]);
    assert.ok(first > 0);
    assert.equal(statSync(`/proc/${pid}/root/bin/sh`).uid, first);
    await host.ok(['-f', file, 'restart', 'plain']);
    assert.equal((await host.ok(inside)).stdout.trim(), '0:0\n0:0\n0');
  });

  it('refuses a volume, which could not be shared', async () => {
    const result = await host.run(['-f', file, 'up', '-d', 'keeper']);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /map the ids of .*volumes.*its file system cannot/);
  });
});
