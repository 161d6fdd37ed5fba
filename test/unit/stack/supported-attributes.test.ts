import assert from 'node:assert/strict';
import type { core } from 'zod/mini';
import { SUPPORTED_ATTRIBUTES, unsupportedAttributes } from '../../../src/stack/index.ts';
import { service } from '../../../src/stack/schema/service.ts';
import { load } from './memory-files.ts';

/** What the gate says about a service that has this beside its image. */
function gate(attributes: string, more = ''): string[] {
  const loaded = load(`services:\n  a:\n    image: i\n    ${attributes}\n  b: {image: j}\n${more}`);
  return unsupportedAttributes(loaded, { hostPlatform: 'linux/amd64' }).map(
    ({ line, path, message }) => `${line} ${path}: ${message}`,
  );
}

describe('the gate for attributes', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['security_opt: ["colour:red"]', 'services.a.security_opt[0]: security_opt "colour:red" is not supported yet'],
    [
      'volumes: [{type: npipe, source: x, target: /v}]',
      'services.a.volumes[0].type: type npipe exists on Windows only: this host runs Linux containers',
    ],
    [
      'gpus: [{options: {a: b}}]',
      'services.a.gpus[0].options: options is for device drivers of other engines: here devices are described by CDI, which has no options',
    ],
    ['pull_policy: build', 'services.a.pull_policy: pull_policy "build" is not supported yet'],
    ['platform: windows/amd64', 'services.a.platform: platform "windows/amd64" is not supported yet'],
    ['platform: linux/amd64/v3', 'services.a.platform: platform "linux/amd64/v3" is not supported yet'],
    ['logging: {driver: gelf}', 'services.a.logging.driver: driver "gelf" is not supported yet'],
    ['isolation: hyperv', 'services.a.isolation: isolation exists on Windows only: this host runs Linux containers'],
    [
      'use_api_socket: true',
      'services.a.use_api_socket: use_api_socket is for programs that speak the API of a Docker engine, which tsstack does not offer',
    ],
    ['cpu_count: 2', 'services.a.cpu_count: cpu_count exists on Windows only: this host runs Linux containers'],
    [
      'credential_spec: {file: x}',
      'services.a.credential_spec: credential_spec exists on Windows only: this host runs Linux containers',
    ],
    [
      'healthcheck: {test: x, start_interval: 1s}',
      'services.a.healthcheck.start_interval: start_interval has no effect without start_period',
    ],
    ['cap_add: [NET_ADMN]', 'services.a.cap_add[0]: unknown capability NET_ADMN'],
    ['ulimits: {nofle: 5}', 'services.a.ulimits.nofle: unknown limit nofle'],
    ['tmpfs: [scratch]', 'services.a.tmpfs[0]: "scratch" is no absolute path in the container'],
    ['volumes: [{type: bind, source: ./x}]', 'services.a.volumes[0]: a mount needs a target'],
    ['volumes: [{type: tmpfs, target: ""}]', 'services.a.volumes[0]: a mount needs a target'],
    [
      'sysctls: [net.core.somaxconn=1, vm.swappiness=1]',
      'services.a.sysctls."vm.swappiness": vm.swappiness is not a setting of one container',
    ],
    ['volumes: ["./x:y"]', 'services.a.volumes[0]: target "y" is no absolute path in the container'],
    ['stop_signal: SIGNAL', 'services.a.stop_signal: unknown signal SIGNAL'],
    ['working_dir: srv', 'services.a.working_dir: "srv" is no absolute path in the container'],
    ['environment: ["=x"]', 'services.a.environment: a variable has no name, but the value "x"'],
    ['expose: [80, 65535, 65536]', 'services.a.expose[2]: "65536" is no port'],
    ['dns: [nope]', 'services.a.dns[0]: "nope" is no IP address'],
  ];
  it('refuses an image whose name leads nowhere', () => {
    const [problem] = unsupportedAttributes(load('services:\n  a:\n    image: Foo Bar\n'));
    assert.equal(problem?.path, 'services.a.image');
    assert.equal(problem.line, 3);
    assert.match(problem.message, /"Foo Bar": it has no valid name/);
  });

  for (const [attribute, expected] of refused) {
    it(`refuses ${attribute}`, () => assert.deepEqual(gate(attribute), [`4 ${expected}`]));
  }

  const accepted = [
    'stop_signal: sigrtmin+3',
    'logging: {driver: ""}',
    'pid: ""',
    'platform: ""',
    'sysctls: {net.ipv4.ip_forward: 1, kernel.shmmax: 1, fs.mqueue.msg_max: 1}',
    'stop_signal: "9"',
    'networks: {n: {aliases: [x], ipv4_address: 10.0.0.2}}',
    'network_mode: service:b',
    'network_mode: bridge',
    'devices: ["vendor.com/class=name"]',
    'gpus: all',
    'gpus: [{driver: nvidia, count: 2}]',
    'deploy: {resources: {reservations: {devices: [{capabilities: [gpu], device_ids: ["0"]}]}}}',
    'deploy: {mode: global, endpoint_mode: dnsrr, restart_policy: {condition: any, window: 1m}, placement: {constraints: [node.role==manager]}}',
    'network_mode: container:b',
    'pid: host',
    'ipc: service:b',
    'uts: host',
    'blkio_config: {weight: 10, device_read_bps: [{path: /dev/vda, rate: 1m}]}',
    'device_cgroup_rules: ["c 1:* r"]',
    'links: [b]',
    'ports: ["1:1/sctp"]',
    'security_opt: [no-new-privileges, "no-new-privileges:true", seccomp=unconfined, "apparmor:x", label=disable, "label:type:t"]',
    'ports: ["127.0.0.1:8000-8001:80-81/udp"]',
    'volumes: ["/x", "./y:/y:ro", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]',
    'deploy: {replicas: 2, labels: {a: b}, resources: {limits: {cpus: 1, memory: 1g, pids: 5}, reservations: {memory: 1m}}}',
    'platform: linux/amd64',
    'platform: linux/arm64/v8',
    'isolation: default',
    'labels: {x-a: 1, "a.b": 2}',
    'x-anything: {build: .}',
    'depends_on: {b: {condition: service_healthy, restart: true, required: false}}',
    'user: ',
  ];
  for (const attribute of accepted) {
    it(`accepts ${attribute}`, () => assert.deepEqual(gate(attribute, 'networks: {n: }\n'), []));
  }

  it('looks at resources too, but only at those in use', () => {
    const more = 'networks: {n: {driver: weave}, unused: {driver: weave}}\nvolumes: {v: {driver: csi}}\n';
    assert.deepEqual(gate('networks: [n]', more), ['6 networks.n.driver: driver "weave" is not supported yet']);
    assert.deepEqual(gate('volumes: ["v:/v"]', more), ['7 volumes.v.driver: driver "csi" is not supported yet']);
  });

  it('says why secrets and configs of plugins cannot be', () => {
    const secrets = 'secrets: {s: {file: ./s, template_driver: golang}, v: {external: true, driver: vault}}\n';
    const problems = gate('secrets: [s, v]', secrets);
    assert.equal(problems.length, 2);
    assert.match(problems.join('\n'), /secrets\.s\.template_driver: .*names a plugin, and there are no plugins/);
    assert.match(problems.join('\n'), /secrets\.v\.driver: .*use file, environment, or external/);
    const more = 'volumes: {v: {driver_opts: {size: 1g}}}\n';
    assert.match(gate('volumes: ["v:/v"]', more).join('\n'), /volumes\.v\.driver_opts\.size: .*project quotas/);
  });

  it('warns of what json-file adds to files that nobody sees, and leaves other drivers theirs', () => {
    const options = 'options: {tag: t, labels: l, max-size: 1m}';
    const said = (logging: string): string[] =>
      unsupportedAttributes(load(`services: {a: {image: i, logging: {${logging}${options}}}}`)).map(
        ({ severity, path }) => `${severity} ${path}`,
      );
    const warnings = ['tag', 'labels'].map((name) => `warning services.a.logging.options.${name}`);
    assert.deepEqual(said(''), warnings);
    assert.deepEqual(said('driver: json-file, '), warnings);
    assert.deepEqual(said('driver: journald, '), []);
  });

  it('takes DOCKER_DEFAULT_PLATFORM for the platform of services that name none', () => {
    const problems = (platform: string, attributes: string): string[] => {
      const env = { DOCKER_DEFAULT_PLATFORM: platform };
      const loaded = load(`services:\n  b: {image: j, platform: linux/amd64}\n  a: {image: i${attributes}}\n`, { env });
      return unsupportedAttributes(loaded, { hostPlatform: 'linux/amd64' }).map(
        ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
      );
    };
    const message = 'DOCKER_DEFAULT_PLATFORM linux/arm64, which services without `platform` have, is not supported yet';
    assert.deepEqual(problems('linux/arm64', ''), [`3:3 services.a: ${message}`]);
    assert.deepEqual(problems('linux/arm64', ', platform: linux/amd64'), []);
    assert.deepEqual(problems('linux/amd64', ''), []);
    assert.deepEqual(problems('', ''), []);
  });

  it('says nothing about services that are off', () => {
    assert.deepEqual(gate('profiles: [p]\n    build: .'), []);
  });

  it('opens when a row is added', () => {
    const loaded = load('services: {a: {image: i, storage_opt: {dm.fs: xfs}}}');
    assert.equal(unsupportedAttributes(loaded).length, 1);
    const supported = [...SUPPORTED_ATTRIBUTES, { path: 'services.*.storage_opt.**' }];
    assert.deepEqual(unsupportedAttributes(loaded, { supported }), []);
  });

  it('names only attributes that the schema has', () => {
    const { def } = (service as core.$ZodTypes)._zod;
    const known = def.type === 'object' ? Object.keys(def.shape) : [];
    const named = SUPPORTED_ATTRIBUTES.filter((row) => row.path.startsWith('services.')).map(
      (row) => row.path.split('.')[2] ?? '',
    );
    assert.deepEqual(
      named.filter((key) => !known.includes(key)),
      [],
    );
  });
});
