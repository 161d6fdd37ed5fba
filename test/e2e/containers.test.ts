import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { before, describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';

/** Numbers of x86-64: unshare of a user namespace, keyctl, clone3; the address family AF_ALG. */
const forbiddenCalls = `
import ctypes, errno, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, *call):
    return name + " " + ("done" if libc.syscall(*call) >= 0 else errno.errorcode[ctypes.get_errno()])
def alg():
    try:
        socket.socket(38, socket.SOCK_SEQPACKET)
        return "AF_ALG done"
    except OSError as error:
        return "AF_ALG " + errno.errorcode[error.errno]
said = [attempt("unshare", 272, 0x10000000), attempt("keyctl", 250, 0, 0, 0, 0), attempt("clone3", 435, 0, 0), alg()]
thread = threading.Thread(target=lambda: said.append("thread"))
thread.start()
thread.join()
print(", ".join(said))`;

/** An echo request of ICMP through a datagram socket, which the kernel gives to the groups of ping_group_range. */
const anyUser = `
import os, socket
os.setgid(1000)
os.setuid(1000)
socket.socket().bind(("127.0.0.1", 80))
ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
ping.settimeout(5)
ping.sendto(bytes([8, 0, 0, 0, 0, 0, 0, 1]), ("127.0.0.1", 0))
print("bound,", "pinged" if ping.recv(100)[0] == 0 else "no answer")`;

/** One service for each attribute (or group of them), looked at from inside by exec and from outside through /proc and the cgroup. */
const stack = `
name: attributes
x-base: &base
  image: busybox:test
  command: sleep 100000
  init: true
  stop_grace_period: 1s
services:
  plain: { <<: *base }
  identity:
    <<: *base
    hostname: custom-host
    domainname: example.test
    user: "1000:2000"
    group_add: ["3000"]
    working_dir: /work/here
    environment: { A: one, B: "" }
    env_file: [./service.env]
    labels: { com.example.role: test }
    oom_score_adj: 500
  limits:
    <<: *base
    hostname: "{{.Node.Hostname}}-{{.Task.Slot}}"
    cpus: 0.5
    cpuset: "0"
    mem_limit: 64m
    mem_reservation: 32m
    pids_limit: 50
    shm_size: 8m
    ulimits: { nofile: { soft: 1000, hard: 2000 } }
    sysctls: { net.core.somaxconn: "333" }
  deployed:
    <<: *base
    deploy: { resources: { limits: { cpus: "0.25", memory: 48M } } }
  locked:
    <<: *base
    read_only: true
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    tmpfs: ["/scratch:size=1m,mode=0700"]
  bare:
    <<: *base
    cap_drop: [ALL]
  calls:
    <<: *base
    volumes: ["/:/host:ro"]
  free:
    <<: *base
    privileged: true
  unconfined:
    <<: *base
    security_opt: ["seccomp=unconfined"]
  names:
    <<: *base
    extra_hosts: ["somewhere:192.0.2.7"]
    dns: ["192.0.2.53"]
    dns_search: ["example.test"]
  device:
    <<: *base
    devices: ["/dev/net/tun:/dev/custom-tun:r"]
  files:
    <<: *base
    volumes:
      - ./bound:/bound:ro
      - named:/etc/copied
      - /anonymous
    secrets:
      - source: word
        target: /run/secrets/renamed
        uid: "1000"
        gid: "1000"
        mode: 0400
    configs:
      - source: text
        target: /etc/text.conf
secrets: { word: { environment: TEST_SECRET } }
configs: { text: { content: "hello config\\n" } }
volumes: { named: {} }
`;

describe('what a service asks for is what its container gets', () => {
  const host = busyboxHost();
  let file = '';

  async function inside(service: string, command: string): Promise<string> {
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command]);
    return stdout.trim();
  }
  /** The container has the file system of the host, too, where there is a Python. */
  async function hostPython(script: string): Promise<string> {
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', 'calls', 'chroot', '/host', 'python3'], {
      stdin: script,
    });
    return stdout.trim();
  }
  async function processOf(service: string): Promise<number> {
    const pid = (await host.pids(file))[`attributes-${service}-1`];
    assert.ok(pid, `${service} runs`);
    return pid;
  }
  async function cgroupFile(service: string, v1: readonly [string, string], v2: string): Promise<string> {
    const lines = readFileSync(`/proc/${await processOf(service)}/cgroup`, 'utf8')
      .trim()
      .split('\n');
    const legacy = lines.find((line) => line.split(':')[1]?.split(',').includes(v1[0]));
    const path = (legacy ?? lines[0])?.split(':')[2] ?? '';
    const root = legacy === undefined ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${v1[0]}`;
    return readFileSync(`${root}${path}/${legacy === undefined ? v2 : v1[1]}`, 'utf8').trim();
  }

  before(async () => {
    file = host.write('stack.yml', stack);
    host.write('service.env', 'FROM_FILE=yes\nA=overridden\n');
    host.write('bound/file', 'from the host\n');
    await host.ok(['-f', file, 'up', '-d'], { env: { TEST_SECRET: 'a-secret-word' } });
  });

  it('has process, mount, network, IPC, UTS and cgroup namespaces of its own', async () => {
    const pid = await processOf('plain');
    const { readlinkSync } = await import('node:fs');
    for (const name of ['pid', 'mnt', 'net', 'ipc', 'uts']) {
      assert.notEqual(readlinkSync(`/proc/${pid}/ns/${name}`), readlinkSync(`/proc/self/ns/${name}`), name);
    }
    assert.equal(await inside('plain', 'cat /proc/1/comm'), '.tsstack-init');
  });

  it('has the default capabilities, no more', async () => {
    assert.match(await inside('plain', 'grep CapEff /proc/self/status'), /00000000a80425fb$/);
    assert.match(await inside('bare', 'grep CapEff /proc/self/status'), /0000000000000000$/);
  });

  it('masks and protects kernel files', async () => {
    assert.equal(await inside('plain', 'cat /proc/kcore | wc -c'), '0');
    assert.match(await inside('plain', '{ echo 1 > /proc/sys/kernel/hostname; } 2>&1 || true'), /Read-only/);
    assert.match(await inside('plain', 'unshare -U true 2>&1 || true'), /not permitted/);
  });

  it('is refused what leads out of it, and what no default allows; threads come up without clone3', async () => {
    assert.equal(await hostPython(forbiddenCalls), 'unshare EPERM, keyctl EPERM, clone3 ENOSYS, AF_ALG EPERM, thread');
  });

  it('binds low ports and pings as any user', async () => {
    assert.equal(await hostPython(anyUser), 'bound, pinged');
  });

  it('runs unconfined where asked (negative control of the seccomp filter)', async () => {
    assert.match(await inside('unconfined', 'grep Seccomp: /proc/self/status'), /0$/);
    assert.match(await inside('plain', 'grep Seccomp: /proc/self/status'), /2$/);
  });

  it('gets its hostname, user, groups, directory and environment', async () => {
    assert.equal(await inside('identity', 'hostname'), 'custom-host');
    assert.equal(await inside('identity', 'id -u; id -g; id -G'), '1000\n2000\n2000 3000');
    assert.equal(await inside('identity', 'pwd'), '/work/here');
    assert.equal(await inside('identity', 'echo "$A,$B,$FROM_FILE"'), 'one,,yes');
    assert.equal(readFileSync(`/proc/${await processOf('identity')}/oom_score_adj`, 'utf8').trim(), '500');
  });

  it('has the hostname of the file, with placeholders filled in, else the short container id', async () => {
    const row = (await host.ps(file)).find(({ Service }) => Service === 'plain');
    assert.equal(await inside('limits', 'hostname; echo $HOSTNAME'), `${hostname()}-1\n${hostname()}-1`);
    const name = row?.ID.slice(0, 12) ?? '';
    assert.equal(await inside('plain', 'hostname'), name);
    const address = /inet ([\d.]+)/.exec(await inside('plain', 'ip -4 -o address show eth0'))?.[1] ?? '';
    assert.match(await inside('plain', 'cat /etc/hosts'), new RegExp(`^${address}\\s+${name}$`, 'm'));
    assert.match(await inside('plain', 'cat /etc/resolv.conf'), /^nameserver 127\.0\.0\.11$[^]*\bndots:0\b/m);
  });

  it('is limited in CPU, memory, processes, files and shared memory', async () => {
    assert.equal(await cgroupFile('limits', ['memory', 'memory.limit_in_bytes'], 'memory.max'), String(64 * 2 ** 20));
    assert.equal(
      await cgroupFile('limits', ['memory', 'memory.soft_limit_in_bytes'], 'memory.low'),
      String(32 * 2 ** 20),
    );
    assert.equal(await cgroupFile('limits', ['pids', 'pids.max'], 'pids.max'), '50');
    assert.match(await cgroupFile('limits', ['cpu', 'cpu.cfs_quota_us'], 'cpu.max'), /^50000( 100000)?$/);
    assert.equal(await cgroupFile('limits', ['cpuset', 'cpuset.cpus'], 'cpuset.cpus'), '0');
    assert.equal(await cgroupFile('deployed', ['memory', 'memory.limit_in_bytes'], 'memory.max'), String(48 * 2 ** 20));
    assert.match(await inside('limits', 'df -k /dev/shm | tail -1'), /\b8192\b/);
    assert.equal(await inside('limits', 'ulimit -Sn; ulimit -Hn'), '1000\n2000');
    assert.equal(await inside('limits', 'cat /proc/sys/net/core/somaxconn'), '333');
  });

  it('has 64 MiB of shared memory and no limits without asking', async () => {
    assert.match(await inside('plain', 'df -k /dev/shm | tail -1'), /\b65536\b/);
    assert.match(await cgroupFile('plain', ['cpu', 'cpu.cfs_quota_us'], 'cpu.max'), /^(-1|max 100000)$/);
  });

  it('cannot write where it is read-only, gain privileges, or keep dropped capabilities', async () => {
    assert.match(await inside('locked', 'touch /x 2>&1 || true'), /Read-only/);
    assert.equal(await inside('locked', 'touch /scratch/x && stat -c %a /scratch'), '700');
    assert.match(await inside('locked', 'grep CapEff /proc/self/status'), /0000000000000400$/);
    assert.match(await inside('locked', 'grep NoNewPrivs /proc/self/status'), /1$/);
    assert.match(await inside('plain', 'grep NoNewPrivs /proc/self/status'), /0$/);
  });

  it('has every capability and device where it is privileged', async () => {
    const own = /CapBnd:\s+([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    assert.match(await inside('free', 'grep CapEff /proc/self/status'), new RegExp(`${own}$`));
    assert.equal(await inside('free', 'test -e /dev/kmsg && echo there'), 'there');
    assert.equal(await inside('plain', 'test -e /dev/kmsg || echo absent'), 'absent');
  });

  it('has the names, resolvers and devices that it asked for', async () => {
    assert.match(await inside('names', 'cat /etc/hosts'), /192\.0\.2\.7\s+somewhere/);
    assert.match(await inside('names', 'cat /etc/resolv.conf'), /search example\.test/);
    assert.match(await inside('names', 'cat /etc/resolv.conf'), /nameserver 127\.0\.0\.11/);
    assert.match(await inside('device', '{ echo x > /dev/custom-tun; } 2>&1 || true'), /not permitted/);
    assert.equal(await inside('device', '{ : < /dev/custom-tun; } && echo opened'), 'opened');
  });

  it('has its binds, volumes with the content of the image, secrets and configs', async () => {
    assert.equal(await inside('files', 'cat /bound/file'), 'from the host');
    assert.match(await inside('files', 'touch /bound/x 2>&1 || true'), /Read-only/);
    assert.equal(
      await inside('files', 'cat /run/secrets/renamed; stat -c "%u %g %a" /run/secrets/renamed'),
      'a-secret-word1000 1000 400',
    );
    assert.equal(await inside('files', 'cat /etc/text.conf'), 'hello config');
    assert.match(await inside('files', 'grep " /run/secrets" /proc/mounts'), /tmpfs/);
    assert.match(await inside('files', '{ echo x > /run/secrets/renamed; } 2>&1 || true'), /Read-only/);
    assert.equal(spawnSync('grep', ['-rl', 'a-secret-word', host.dataRoot]).stdout.toString(), '', 'on no disk');
    assert.equal(await inside('files', 'touch /anonymous/x && echo written'), 'written');
  });
});
