import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost, until, type PsRow } from '../support/test-host.ts';

/**
 * Attributes that no test of a whole area looks at, many in each container: their effect, seen from inside by exec or from
 * outside in the cgroup, the mounts, the bundle or what `ps` tells (test/attribute-tests.ts says which test is whose).
 */
const stack = `
name: effects
x-base: &base
  image: busybox:test
  command: sleep 100000
  init: true
  stop_grace_period: 1s
services:
  limited:
    <<: *base
    cpu_period: 50000
    cpu_quota: 20000
    cpu_shares: 512
    mem_limit: 64m
    memswap_limit: 64m
  deployed:
    <<: *base
    deploy:
      labels: { com.example.of: the service }
      resources: { limits: { cpus: "0.25", pids: 60 }, reservations: { memory: 24M } }
  replicated: { <<: *base, deploy: { mode: replicated, replicas: 2 } }
  marked:
    <<: *base
    annotations: { com.example.note: seen by the runtime }
    labels: [com.example.role=test]
    label_file: ./service.labels
    expose: ["9000", 9001/udp]
    environment: { OWN: "\${FROM_SHELL:-nothing}" }
    env_file: [{ path: raw.env, format: raw }, { path: missing.env, required: false }]
    pull_policy: never
  named:
    <<: *base
    hostname: host
    domainname: example.test
    dns_opt: [timeout:7]
    networks: [own]
  shell:
    <<: *base
    entrypoint: [/bin/sh, -c]
    command: ["trap 'echo got the signal; exit 0' USR1; echo up; while :; do sleep 0.05; done"]
    init: false
    stop_signal: SIGUSR1
    stop_grace_period: 20s
  stubborn: { <<: *base, entrypoint: [/bin/sh, -c], command: ["trap '' TERM; echo up; while :; do sleep 0.05; done"], init: false, stop_grace_period: 300ms }
  reader: { <<: *base, command: cat, init: false, stdin_open: true }
  terminal: { <<: *base, command: [sh, -c, "tty; exec sleep 100000"], init: false, tty: true }
  mounts:
    <<: *base
    volumes:
      - { type: tmpfs, target: /memory, tmpfs: { size: 2m, mode: 0750 } }
      - { type: volume, source: empty, target: /etc/empty, volume: { nocopy: true } }
      - { type: bind, source: ./tree/slave, target: /shared, bind: { propagation: rslave } }
      - { type: bind, source: ./tree/private, target: /private }
      - { type: bind, source: ./made/on/demand, target: /made, bind: { create_host_path: true } }
    configs:
      - { source: variable, target: /etc/variable, uid: "7", gid: "8", mode: 0640 }
      - { source: from-file, target: /etc/file }
    secrets: [{ source: from-file, target: word }]
networks:
  own:
    name: own-network
    labels: { com.example.kind: network }
    ipam:
      config:
        - { subnet: 10.78.0.0/24, ip_range: 10.78.0.64/29, gateway: 10.78.0.9, aux_addresses: { router: 10.78.0.64, printer: 10.78.0.65 } }
volumes:
  empty: { name: own-volume, labels: { com.example.kind: volume } }
configs:
  variable: { environment: CONFIG_TEXT, name: own-config, labels: [kind=config] }
  from-file: { file: ./config.txt }
secrets:
  from-file: { file: ./secret.txt, name: own-secret, labels: [kind=secret] }
`;

const slowProbe = `
name: slow-probe
services:
  a:
    image: busybox:test
    command: sleep 100000
    init: true
    healthcheck: { test: [CMD, sleep, "100"], interval: 100ms, timeout: 200ms, retries: 1 }
`;

interface Row extends PsRow {
  readonly Labels: string;
  readonly Ports: string;
  readonly Networks: string;
}

describe('attributes and their effects', () => {
  const host = new TestHost();
  const tree = join(host.directory, 'tree');
  let file = '';
  let rows: readonly Row[] = [];

  async function inside(service: string, command: string): Promise<string> {
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command]);
    return stdout.trim();
  }
  const rowOf = (service: string): Row =>
    rows.find(({ Service }) => Service === service) ?? assert.fail(`${service} is not there`);
  async function cgroupFile(service: string, controller: string, v1: string, v2: string): Promise<string> {
    const pid = (await host.pids(file))[`effects-${service}-1`];
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
    const legacy = lines.find((line) => line.split(':')[1]?.split(',').includes(controller));
    const path = (legacy ?? lines[0])?.split(':')[2] ?? '';
    const root = legacy === undefined ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`;
    return readFileSync(`${root}${path}/${legacy === undefined ? v2 : v1}`, 'utf8').trim();
  }

  async function labelsOf(verb: string, name: string): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await host.ok([verb, 'inspect', name]);
    const [found] = JSON.parse(stdout) as { Name: string; Labels: Record<string, string> }[];
    assert.equal(found?.Name, name);
    return found.Labels;
  }

  before(async () => {
    const image = await busyboxImage();
    await host.ok(['load', '-i', image.dockerArchive]);
    file = host.write('stack.yml', stack);
    host.write('service.labels', 'com.example.from=file\ncom.example.role=overridden\n');
    host.write('raw.env', 'RAW="$HOME"\n');
    host.write('config.txt', 'from a file');
    host.write('secret.txt', 'a secret from a file');
    for (const name of ['slave', 'private']) host.write(`tree/${name}/below/file`, 'here');
    // Mounts propagate from where they are shared; those of the test are its own.
    execFileSync('mount', ['--bind', tree, tree]);
    execFileSync('mount', ['--make-shared', tree]);
    await host.ok(['-f', file, 'up', '-d'], { env: { CONFIG_TEXT: 'from a variable', FROM_SHELL: 'the shell' } });
    rows = (await host.ps(file)) as readonly Row[];
  });
  after(async () => {
    try {
      await host.ok(['-f', file, 'down', '-v', '-t', '0']);
    } finally {
      execFileSync('umount', ['--recursive', tree]);
      await host.stop();
    }
  });

  it('limits processor and swap, by itself and by deploy', async () => {
    assert.match(await cgroupFile('limited', 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^20000( 50000)?$/);
    // 512 of 1024 shares are 20 of the weights of cgroup v2, whose scale is another (crun's conversion, as in the OCI spec).
    assert.match(await cgroupFile('limited', 'cpu', 'cpu.shares', 'cpu.weight'), /^(512|20|59)$/);
    const swap = await cgroupFile('limited', 'memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max');
    assert.ok([String(64 * 2 ** 20), '0'].includes(swap), swap);
    assert.match(await cgroupFile('deployed', 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^25000( 100000)?$/);
    assert.equal(await cgroupFile('deployed', 'pids', 'pids.max', 'pids.max'), '60');
    const reserved = await cgroupFile('deployed', 'memory', 'memory.soft_limit_in_bytes', 'memory.low');
    assert.equal(reserved, String(24 * 2 ** 20));
  });

  it('runs as many containers as deploy.replicas says', () => {
    assert.equal(rows.filter(({ Service }) => Service === 'replicated').length, 2);
  });

  it('hands annotations to the runtime and labels to whoever lists containers', () => {
    const bundle = join(host.runRoot, 'containers', rowOf('marked').ID, 'config.json');
    const { annotations } = JSON.parse(readFileSync(bundle, 'utf8')) as { annotations: Record<string, string> };
    assert.equal(annotations['com.example.note'], 'seen by the runtime');
    const labels = rowOf('marked').Labels.split(',');
    assert.ok(labels.includes('com.example.role=test') && labels.includes('com.example.from=file'), String(labels));
    assert.ok(!rowOf('deployed').Labels.includes('com.example.of'), 'labels of deploy are the service’s');
  });

  it('shows exposed ports, which are not published', () => {
    assert.equal(rowOf('marked').Ports, '9000/tcp, 9001/udp');
  });

  it('reads variables from raw and optional files', async () => {
    assert.equal(await inside('marked', 'printf "%s %s" "$OWN" "$RAW"'), 'the shell "$HOME"');
  });

  it('ends a probe that takes too long', async () => {
    const slow = host.write('slow.yml', slowProbe);
    await host.ok(['-f', slow, 'up', '-d']);
    await until(
      async () => (await host.ps(slow))[0]?.Health,
      (health) => health === 'unhealthy',
    );
    await host.ok(['-f', slow, 'down']);
  });

  it('pulls nothing where the policy is never, and says so', async () => {
    const absent = host.write('absent.yml', 'name: absent\nservices: {a: {image: not-here:1, pull_policy: never}}\n');
    const { code, stderr } = await host.run(['-f', absent, 'up', '-d']);
    assert.equal(code, 1);
    assert.match(stderr, /not-here:1/);
    await host.ok(['-f', absent, 'down']);
  });

  it('has its domain and resolver options', async () => {
    assert.match(await inside('named', 'cat /etc/hosts'), /host\.example\.test\s+host/);
    assert.equal(await inside('named', 'cat /proc/sys/kernel/domainname'), 'example.test');
    assert.match(await inside('named', 'cat /etc/resolv.conf'), /^options .*timeout:7/m);
  });

  it('gives a network its own name, gateway and range, and nobody a reserved address', async () => {
    assert.match(await inside('named', 'ip -4 -o address show eth0'), /inet 10\.78\.0\.(6[6-9]|7[01])\/24/);
    assert.match(await inside('named', 'ip route'), /default via 10\.78\.0\.9/);
    assert.deepEqual(await labelsOf('network', 'own-network'), { 'com.example.kind': 'network' });
  });

  it('runs the entrypoint, and ends it by its own signal or by force when its time is up', async () => {
    const text = async (service: string): Promise<string> =>
      (await host.ok(['-f', file, 'logs', '--no-log-prefix', service])).stdout;
    for (const service of ['shell', 'stubborn'])
      await until(
        () => text(service),
        (lines) => lines.includes('up'),
      );
    await host.ok(['-f', file, 'stop', 'shell', 'stubborn']);
    assert.match(await text('shell'), /got the signal/);
    const ended = Object.fromEntries((await host.ps(file)).map((row) => [row.Service, row.ExitCode]));
    assert.equal(ended['shell'], 0);
    assert.equal(ended['stubborn'], 137);
  });

  it('keeps standard input open, and gives a terminal, where asked', async () => {
    assert.equal(rowOf('reader').State, 'running', 'cat ends when its input does');
    assert.match(await inside('terminal', 'readlink /proc/1/fd/0'), /^\/dev\/(pts\/\d+|console)$/);
    // The container runs before its program has said anything.
    await until(
      async () => (await host.ok(['-f', file, 'logs', '--no-log-prefix', 'terminal'])).stdout,
      (said) => /^\/dev\/(pts\/\d+|console)/m.test(said),
    );
    assert.equal(await inside('marked', 'readlink /proc/1/fd/0'), '/dev/null');
  });

  it('mounts memory by size and mode, and a volume without the files of the image', async () => {
    assert.match(await inside('mounts', 'df -k /memory | tail -1'), /\b2048\b/);
    assert.equal(await inside('mounts', 'stat -c %a /memory'), '750');
    assert.equal(await inside('mounts', 'ls -A /etc/empty | wc -l'), '0');
    assert.deepEqual(await labelsOf('volume', 'own-volume'), { 'com.example.kind': 'volume' });
  });

  it('makes missing directories of the host, and lets later mounts in where they propagate', async () => {
    assert.ok(existsSync(join(host.directory, 'made/on/demand')));
    for (const name of ['slave', 'private']) execFileSync('mount', ['-t', 'tmpfs', 'late', join(tree, name, 'below')]);
    assert.equal(await inside('mounts', 'ls /shared/below; echo and; ls /private/below'), 'and\nfile');
  });

  it('writes configs and secrets of variables and files with their owner and mode', async () => {
    assert.equal(
      await inside('mounts', 'cat /etc/variable; stat -c " %u %g %a" /etc/variable'),
      'from a variable 7 8 640',
    );
    assert.equal(await inside('mounts', 'cat /etc/file; stat -c " %u %g %a" /etc/file'), 'from a file 0 0 444');
    assert.equal(await inside('mounts', 'cat /run/secrets/word'), 'a secret from a file');
    assert.deepEqual(await labelsOf('secret', 'own-secret'), { kind: 'secret' });
    assert.deepEqual(await labelsOf('config-object', 'own-config'), { kind: 'config' });
  });
});
