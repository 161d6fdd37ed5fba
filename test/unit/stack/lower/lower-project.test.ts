import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ContainerSpec, ServiceSpec, StackSpec } from '../../../../src/model/spec.ts';
import { loadStack } from '../../../../src/stack/index.ts';
import { lowerProject } from '../../../../src/stack/lower/lower-project.ts';
import { containerSpec, serviceSpec } from '../../../fixtures/specs.ts';
import { networkAttachment } from '../../../fixtures/network-attachment.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';

const contents: Readonly<Record<string, string>> = { '/work/secret.txt': 'hush', '/work/seccomp.json': '{}' };

/** A file as the command line loads and lowers it. */
function lower(text: string, env: Readonly<Record<string, string>> = {}): StackSpec {
  const loaded = loadStack({ cwd: '/work', env, files: ['-'], projectName: 'p', stdin: text });
  return lowerProject(loaded.project, {
    workingDir: loaded.workingDir,
    files: loaded.files,
    disabledServices: loaded.disabledServices,
    readFile(path) {
      const content = contents[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return Buffer.from(content);
    },
    variable: (kind, key) => loaded.payloadOf(`${kind}s`, key),
  });
}

/** The service `web` of a stack whose other parts are given as they are. */
function web(attributes: string, rest = ''): ServiceSpec {
  const spec = lower(`services:\n  web: { image: a, ${attributes} }\n  db: { image: b }\n${rest}`);
  return spec.services['web'] ?? assert.fail('no service web');
}

const container = (attributes: string, rest = ''): ContainerSpec => web(attributes, rest).container;

describe('lowerProject', () => {
  it('fills in every default', () => {
    const networks = [networkAttachment()];
    const expected = serviceSpec('web', { image: 'a', networks, container: containerSpec() });
    assert.deepEqual(web(''), expected);
  });

  it('keeps what identifies the stack', () => {
    const spec = lower('services:\n  a: { image: a }\n  b: { image: b, profiles: [more] }\n');
    assert.equal(spec.name, 'p');
    assert.equal(spec.workingDir, '/work');
    assert.deepEqual(spec.files, ['-']);
    assert.deepEqual(spec.disabledServices, ['b']);
    assert.deepEqual(Object.keys(spec.services), ['a']);
  });

  const attributes: readonly (readonly [string, keyof ContainerSpec, unknown])[] = [
    ['command: echo "a b"', 'command', ['echo', 'a b']],
    ['command: []', 'command', []],
    ['entrypoint: [sh, -c]', 'entrypoint', ['sh', '-c']],
    ['environment: { A: 1, B: null }', 'environment', { A: '1', B: null }],
    ['working_dir: /x', 'workingDir', '/x'],
    ['user: "1000:1000"', 'user', '1000:1000'],
    ['group_add: [audio, 5]', 'groupAdd', ['audio', '5']],
    ['hostname: h', 'hostname', 'h'],
    ['labels: { a: b }', 'labels', { a: 'b' }],
    ['tty: true', 'tty', true],
    ['stdin_open: true', 'stdinOpen', true],
    ['init: true', 'init', true],
    ['read_only: true', 'readOnly', true],
    ['privileged: true', 'privileged', true],
    ['tty: false', 'userNamespace', 'host'],
    ['userns_mode: host', 'userNamespace', 'host'],
    ['userns_mode: auto', 'userNamespace', 'auto'],
    ['cap_add: [NET_ADMIN]', 'capAdd', ['NET_ADMIN']],
    ['cap_drop: [ALL]', 'capDrop', ['ALL']],
    ['security_opt: ["no-new-privileges:true"]', 'noNewPrivileges', true],
    ['security_opt: [no-new-privileges]', 'noNewPrivileges', true],
    ['security_opt: ["no-new-privileges=false"]', 'noNewPrivileges', false],
    ['security_opt: ["seccomp=unconfined"]', 'seccomp', 'unconfined'],
    ['security_opt: ["seccomp:./seccomp.json"]', 'seccomp', '{}'],
    ['security_opt: ["apparmor=strict"]', 'apparmor', 'strict'],
    ['security_opt: ["label=type:t", "label:level:s0"]', 'selinux', ['type:t', 'level:s0']],
    ['security_opt: ["systempaths=unconfined"]', 'systemPathsUnconfined', true],
    ['security_opt: ["writable-cgroups=true"]', 'writableCgroups', true],
    ['cgroup_parent: /a/b/', 'cgroupParent', 'a/b'],
    [
      'device_cgroup_rules: ["c 1:* rw", "a *:* m"]',
      'deviceRules',
      [
        { type: 'c', major: 1, minor: null, access: 'rw' },
        { type: 'a', major: null, minor: null, access: 'm' },
      ],
    ],
    ['storage_opt: { size: 10g }', 'storageBytes', 10 * 2 ** 30],
    ['shm_size: 64m', 'shmSizeBytes', 64 * 2 ** 20],
    [
      'ulimits: { nofile: 10, nproc: { soft: 1, hard: 2 } }',
      'ulimits',
      { nofile: { soft: 10, hard: 10 }, nproc: { soft: 1, hard: 2 } },
    ],
    ['sysctls: { net.core.somaxconn: 9 }', 'sysctls', { 'net.core.somaxconn': '9' }],
    [
      'extra_hosts: ["a:10.0.0.1", "b=::1"]',
      'extraHosts',
      [
        { host: 'a', address: '10.0.0.1' },
        { host: 'b', address: '::1' },
      ],
    ],
    ['dns: 9.9.9.9', 'dns', ['9.9.9.9']],
    ['dns_search: example.com', 'dnsSearch', ['example.com']],
    ['runtime: crun', 'runtime', 'crun'],
    ['runtime: ""', 'runtime', null],
    ['stop_signal: SIGUSR1', 'stopSignal', 'SIGUSR1'],
    ['stop_grace_period: 1m30s', 'stopGraceMs', 90_000],
    ['stop_grace_period: 1500us', 'stopGraceMs', 2],
    ['devices: ["vendor.com/class=name", "/dev/fuse"]', 'deviceNames', ['vendor.com/class=name']],
    ['gpus: all', 'deviceRequests', [{ driver: null, count: -1, ids: [], capabilities: ['gpu'] }]],
    [
      'deploy: { resources: { reservations: { devices: [{ capabilities: [tpu], driver: acme, device_ids: [a] }] } } }',
      'deviceRequests',
      [{ driver: 'acme', count: null, ids: ['a'], capabilities: ['tpu'] }],
    ],
    ['devices: ["/dev/fuse"]', 'devices', [{ source: '/dev/fuse', target: '/dev/fuse', permissions: 'rwm' }]],
  ];
  for (const [text, key, expected] of attributes) {
    it(`lowers ${text}`, () => assert.deepEqual(container(text)[key], expected));
  }

  const resources: readonly (readonly [string, Partial<ContainerSpec['resources']>])[] = [
    ['cpus: 1.5', { cpus: 1.5 }],
    ['cpus: 0', { cpus: null }],
    ['cpuset: 0-1', { cpuset: '0-1' }],
    ['mem_limit: 1g', { memoryBytes: 2 ** 30 }],
    ['mem_reservation: 1k', { memoryReservationBytes: 1024 }],
    ['pids_limit: -1', { pids: -1 }],
    ['mem_swappiness: 0', { memorySwappiness: 0 }],
    ['oom_kill_disable: true', { oomKillDisable: true }],
    ['cpu_rt_period: 1s, cpu_rt_runtime: 950', { cpuRealtimePeriodUs: 1_000_000, cpuRealtimeRuntimeUs: 950 }],
    [
      'blkio_config: { weight: 100, device_write_iops: [{ path: /dev/vda, rate: 7 }] }',
      {
        blockIo: {
          weight: 100,
          weightDevices: [],
          readBps: [],
          writeBps: [],
          readIops: [],
          writeIops: [{ path: '/dev/vda', rate: 7 }],
        },
      },
    ],
    [
      'deploy: { resources: { limits: { cpus: "0.5", memory: 64m, pids: 9 } } }',
      { cpus: 0.5, memoryBytes: 64 * 2 ** 20, pids: 9 },
    ],
  ];
  for (const [text, expected] of resources) {
    it(`lowers ${text}`, () => {
      const none = containerSpec().resources;
      assert.deepEqual(container(text).resources, { ...none, ...expected });
    });
  }

  const checks: readonly (readonly [string, Partial<NonNullable<ContainerSpec['healthcheck']>>])[] = [
    ['{ test: "true", interval: 5s, retries: 2 }', { test: ['CMD-SHELL', 'true'], intervalMs: 5000, retries: 2 }],
    [
      '{ test: [CMD, a], start_period: 1m, start_interval: 250ms }',
      { test: ['CMD', 'a'], startPeriodMs: 60_000, startIntervalMs: 250 },
    ],
    ['{ test: [NONE] }', { test: 'disabled' }],
    ['{ disable: true }', { test: 'disabled' }],
    ['{ timeout: 2s }', { timeoutMs: 2000 }],
  ];
  for (const [text, expected] of checks) {
    it(`lowers healthcheck: ${text}`, () => {
      const none = {
        test: null,
        intervalMs: null,
        timeoutMs: null,
        retries: null,
        startPeriodMs: null,
        startIntervalMs: null,
      };
      assert.deepEqual(container(`healthcheck: ${text}`).healthcheck, { ...none, ...expected });
    });
  }

  const volumes = 'volumes: { data: }\n';
  const mounts: readonly (readonly [string, unknown])[] = [
    [
      'volumes: ["data:/d:ro"]',
      { type: 'volume', volume: 'data', target: '/d', readOnly: true, noCopy: false, subpath: null, labels: {} },
    ],
    [
      'volumes: ["data:/d:nocopy"]',
      { type: 'volume', volume: 'data', target: '/d', readOnly: false, noCopy: true, subpath: null, labels: {} },
    ],
    [
      'volumes: [{ type: image, source: "i:1", target: /i, image: { subpath: a/b } }]',
      { type: 'image', image: 'i:1', target: '/i', subpath: 'a/b' },
    ],
    [
      'volumes: [/anonymous]',
      { type: 'volume', volume: null, target: '/anonymous', readOnly: false, noCopy: false, subpath: null, labels: {} },
    ],
    [
      'volumes: ["./src:/src:ro,rslave"]',
      {
        type: 'bind',
        source: '/work/src',
        target: '/src',
        readOnly: true,
        propagation: 'rslave',
        createHostPath: true,
        recursive: 'enabled',
      },
    ],
    [
      'volumes: [{ type: bind, source: /a, target: /b, bind: { create_host_path: false } }]',
      {
        type: 'bind',
        source: '/a',
        target: '/b',
        readOnly: false,
        propagation: null,
        createHostPath: false,
        recursive: 'enabled',
      },
    ],
    [
      'volumes: ["/a:/b:Z"]',
      {
        type: 'bind',
        source: '/a',
        target: '/b',
        readOnly: false,
        propagation: null,
        createHostPath: true,
        recursive: 'enabled',
        relabel: 'private',
      },
    ],
    [
      'volumes: [{ type: tmpfs, target: /t, tmpfs: { size: 1m, mode: 0750 } }]',
      { type: 'tmpfs', target: '/t', sizeBytes: 2 ** 20, mode: 0o750, options: [] },
    ],
    ['tmpfs: /run', { type: 'tmpfs', target: '/run', sizeBytes: null, mode: null, options: [] }],
    [
      'tmpfs: ["/run:size=64m,mode=755,uid=1000,exec"]',
      { type: 'tmpfs', target: '/run', sizeBytes: 64 * 2 ** 20, mode: 0o755, options: ['uid=1000', 'exec'] },
    ],
    ['tmpfs: ["/run:size=10%"]', { type: 'tmpfs', target: '/run', sizeBytes: null, mode: null, options: ['size=10%'] }],
  ];
  for (const [text, expected] of mounts) {
    it(`lowers ${text}`, () => assert.deepEqual(container(text, volumes).mounts, [expected]));
  }

  const services: readonly (readonly [string, keyof ServiceSpec, unknown])[] = [
    ['pull_policy: if_not_present', 'pullPolicy', 'missing'],
    ['pull_policy: always', 'pullPolicy', 'always'],
    ['pull_policy: daily', 'pullPolicy', { refreshAfterMs: 86_400_000 }],
    ['pull_policy: weekly', 'pullPolicy', { refreshAfterMs: 7 * 86_400_000 }],
    ['pull_policy: every_2d12h', 'pullPolicy', { refreshAfterMs: 60 * 3_600_000 }],
    ['scale: 3', 'replicas', 3],
    ['deploy: { replicas: 2 }', 'replicas', 2],
    ['container_name: mine', 'containerName', 'mine'],
    ['network_mode: host', 'networkMode', { kind: 'host' }],
    ['network_mode: "service:db"', 'networkMode', { kind: 'service', service: 'db' }],
    ['restart: "on-failure:3"', 'restart', { policy: 'on-failure', maxRetries: 3, supervision: null }],
    ['restart: unless-stopped', 'restart', { policy: 'unless-stopped', maxRetries: 0, supervision: null }],
    ['attach: false', 'attach', false],
    ['deploy: { labels: { a: b } }', 'serviceLabels', { a: 'b' }],
    ['expose: [80, "9000/udp"]', 'expose', ['80', '9000/udp']],
    ['depends_on: [db]', 'dependsOn', { db: { condition: 'service_started', restart: false, required: true } }],
    [
      'depends_on: { db: { condition: service_healthy, restart: true, required: false } }',
      'dependsOn',
      { db: { condition: 'service_healthy', restart: true, required: false } },
    ],
  ];
  for (const [text, key, expected] of services) {
    it(`lowers ${text}`, () => assert.deepEqual(web(text)[key], expected));
  }

  const ports: readonly (readonly [string, unknown])[] = [
    ['"8080:80"', { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null, published: { from: 8080, to: 8080 } }],
    [
      '"127.0.0.1:8080:80/udp"',
      { target: 80, protocol: 'udp', mode: 'ingress', hostIp: '127.0.0.1', published: { from: 8080, to: 8080 } },
    ],
    ['"80"', { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null, published: null }],
    [
      '"8000-8010:80"',
      { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null, published: { from: 8000, to: 8010 } },
    ],
  ];
  for (const [text, expected] of ports)
    it(`lowers port ${text}`, () => assert.deepEqual(web(`ports: [${text}]`).ports, [expected]));

  it('orders networks by priority, then by name', () => {
    const { networks } = web(
      'networks: { b: , a: { aliases: [x] }, c: { priority: 5, ipv4_address: 10.1.0.5 } }',
      'networks: { a: , b: , c: { ipam: { config: [{ subnet: 10.1.0.0/24 }] } } }\n',
    );
    assert.deepEqual(networks, [
      networkAttachment('c', { ipv4Address: '10.1.0.5' }),
      networkAttachment('a', { aliases: ['x'] }),
      networkAttachment('b'),
    ]);
  });

  it('keeps what a service wants of a network, and gives its MAC to the first one', () => {
    const { networks, links } = web(
      'mac_address: "02:00:00:00:00:0A", links: ["db:SQL", db], external_links: ["other-web-1:far"], networks: {' +
        'a: { gw_priority: 2, interface_name: up0, link_local_ips: [169.254.8.8], ipv6_address: "fd00::5" },' +
        'b: { priority: 1, driver_opts: { com.docker.network.endpoint.sysctls: "net.ipv4.conf.IFNAME.log_martians=1" } } }',
      'networks: { a: , b: }\n',
    );
    const sysctls = { 'net.ipv4.conf.IFNAME.log_martians': '1' };
    assert.deepEqual(networks, [
      networkAttachment('b', { macAddress: '02:00:00:00:00:0a', sysctls }),
      networkAttachment('a', {
        gatewayPriority: 2,
        interfaceName: 'up0',
        linkLocalAddresses: ['169.254.8.8'],
        ipv6Address: 'fd00::5',
      }),
    ]);
    assert.deepEqual(links, [
      { alias: 'SQL', target: 'db' },
      { alias: 'db', target: 'db' },
      { alias: 'far', target: 'other-web-1' },
    ]);
  });

  it('lowers networks and volumes with their names', () => {
    const spec = lower(
      'services:\n  a: { image: a, networks: [n, e], volumes: ["v:/v"] }\n' +
        'networks:\n  n: { internal: true, ipam: { config: [{ subnet: 10.1.0.0/24, gateway: 10.1.0.9 }] } }\n  e: { external: true, name: shared }\n' +
        'volumes:\n  v: { labels: { a: b } }\n',
    );
    const ipam = [{ subnet: '10.1.0.0/24', ipRange: null, gateway: '10.1.0.9', auxAddresses: {} }];
    assert.deepEqual(spec.networks['n'], networkSpec('p_n', { internal: true, ipam }));
    assert.equal(spec.networks['e']?.name, 'shared');
    assert.equal(spec.networks['e'].external, true);
    assert.deepEqual(spec.volumes['v'], { name: 'p_v', external: false, labels: { a: 'b' }, filesystem: null });
  });

  describe('secrets and configs', () => {
    const text =
      'services:\n  a:\n    image: a\n    secrets: [f, { source: e, target: deep/er, uid: "5", mode: 0400 }]\n    configs: [c, { source: c, target: /etc/c }]\n' +
      'secrets:\n  f: { file: ./secret.txt }\n  e: { environment: TOKEN }\nconfigs:\n  c: { content: hello }\n';
    const spec = (env = { TOKEN: 'abc' }): StackSpec => lower(text, env);

    it('come with their contents', () => {
      const { secrets, configs } = spec();
      assert.equal(Buffer.from(secrets['f']?.content ?? '', 'base64').toString(), 'hush');
      assert.equal(Buffer.from(secrets['e']?.content ?? '', 'base64').toString(), 'abc');
      assert.equal(Buffer.from(configs['c']?.content ?? '', 'base64').toString(), 'hello');
      assert.equal(configs['c']?.name, 'p_c');
    });

    it('have a digest that changes with the content and differs between secrets', () => {
      const digest = spec().secrets['e']?.digest;
      assert.match(digest ?? '', /^sha256:[0-9a-f]{64}$/);
      assert.equal(spec().secrets['e']?.digest, digest);
      assert.notEqual(spec({ TOKEN: 'abd' }).secrets['e']?.digest, digest);
      assert.notEqual(spec({ TOKEN: 'hush' }).secrets['f']?.digest, spec({ TOKEN: 'hush' }).secrets['e']?.digest);
    });

    it('are mounted where the file says', () => {
      const { secrets, configs } = spec().services['a']?.container ?? assert.fail();
      assert.deepEqual(secrets, [
        { source: 'f', target: '/run/secrets/f', uid: 0, gid: 0, mode: 0o444 },
        { source: 'e', target: '/run/secrets/deep/er', uid: 5, gid: 0, mode: 0o400 },
      ]);
      assert.deepEqual(
        configs.map(({ target }) => target),
        ['/c', '/etc/c'],
      );
    });

    it('are an error that names them when there is no content', () => {
      const file = 'services:\n  a: { image: a, secrets: [s] }\nsecrets:\n  s: { file: ./gone.txt }\n';
      assert.throws(() => lower(file), {
        message: 'read /work/gone.txt: there is no such file',
        keys: ['secrets', 's', 'file'],
      });
    });
  });

  it('refuses what it cannot express, naming the place', () => {
    assert.throws(
      () => web('security_opt: ["colour=red"]'),
      /services\.web\.security_opt: colour=red is not supported yet/,
    );
    assert.throws(() => web('pull_policy: build'), /services\.web\.pull_policy: build is not supported yet/);
  });
});
