import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveCommand } from '../../../../agents/host/containers/command.ts';
import { splitDeviceNumber } from '../../../../agents/host/containers/devices.ts';
import { buildEnvironment, extendEnvironment } from '../../../../agents/host/containers/environment.ts';
import { readLayeredFile } from '../../../../agents/host/containers/layer-view.ts';
import { buildHosts, buildResolvConf, parseResolvConf } from '../../../../agents/host/containers/network-files.ts';
import { parseSeccompProfile } from '../../../../agents/host/containers/seccomp-profile.ts';
import { resolveUser } from '../../../../agents/host/containers/users.ts';
import { containerSpec } from './builders.ts';

describe('command', () => {
  const image = { entrypoint: ['/entry'], command: ['arg'] };
  const cases = [
    { entrypoint: null, command: null, argv: ['/entry', 'arg'] },
    { entrypoint: null, command: ['x'], argv: ['/entry', 'x'] },
    { entrypoint: null, command: [], argv: ['/entry'] },
    { entrypoint: ['/e'], command: null, argv: ['/e'] },
    { entrypoint: ['/e'], command: ['x'], argv: ['/e', 'x'] },
    { entrypoint: [], command: ['x'], argv: ['x'] },
    { entrypoint: [''], command: ['x'], argv: ['x'] },
  ];
  for (const { entrypoint, command, argv } of cases) {
    it(`is ${argv.join(' ')} for entrypoint ${JSON.stringify(entrypoint)} and command ${JSON.stringify(command)}`, () => {
      assert.deepEqual(resolveCommand({ entrypoint, command }, image), argv);
    });
  }

  it('is an error when nobody says what to run', () => {
    assert.throws(() => resolveCommand({ entrypoint: [], command: null }, image), /no command/);
  });
});

describe('environment', () => {
  const base = { image: [], spec: {}, genericResources: {}, hostname: 'box', home: '/root', tty: false };

  it('gives a path, a host name and a home, which the image may change and the file may change again', () => {
    assert.deepEqual(buildEnvironment({ ...base, image: ['PATH=/bin', 'A=1', 'B=2'], spec: { B: '3', C: '' } }), [
      'PATH=/bin',
      'HOSTNAME=box',
      'HOME=/root',
      'A=1',
      'B=3',
      'C=',
    ]);
  });

  it('unsets what the file sets to null', () => {
    assert.ok(!buildEnvironment({ ...base, image: ['A=1'], spec: { A: null } }).some((pair) => pair.startsWith('A=')));
  });

  it('says what was reserved of the node, whatever the file says', () => {
    const genericResources = { gpu: ['GPU-2', 'GPU-1'], ssd: 2 };
    const pairs = buildEnvironment({ ...base, spec: { DOCKER_RESOURCE_SSD: '9' }, genericResources });
    assert.ok(pairs.includes('DOCKER_RESOURCE_GPU=GPU-2,GPU-1') && pairs.includes('DOCKER_RESOURCE_SSD=2'));
  });

  it('keeps equals signs in values', () => {
    assert.deepEqual(extendEnvironment(['A=1=2'], ['B=x=']), ['A=1=2', 'B=x=']);
  });
});

describe('user', () => {
  const database = {
    passwd: 'root:x:0:0::/root:/bin/sh\nbob:x:1000:1001::/home/bob:/bin/sh\n# no\nbroken\n',
    group: 'root:x:0:\nbob:x:1001:\nwheel:x:10:root,bob\nvideo:x:44:bob\n',
  };
  const cases = [
    { user: '', uid: 0, gid: 0, additionalGids: [0, 10], home: '/root' },
    { user: 'bob', uid: 1000, gid: 1001, additionalGids: [1001, 10, 44], home: '/home/bob' },
    { user: '1000', uid: 1000, gid: 1001, additionalGids: [1001, 10, 44], home: '/home/bob' },
    { user: 'bob:video', uid: 1000, gid: 44, additionalGids: [44], home: '/home/bob' },
    { user: '77:88', uid: 77, gid: 88, additionalGids: [88], home: '/' },
    { user: '77', uid: 77, gid: 0, additionalGids: [0], home: '/' },
  ];
  for (const { user, ...expected } of cases) {
    it(`resolves "${user}"`, () => assert.deepEqual(resolveUser(user, [], database), expected));
  }

  it('adds groups by name and number', () => {
    assert.deepEqual(resolveUser('77:88', ['video', '5'], database).additionalGids, [88, 44, 5]);
  });

  it('names what the image does not have', () => {
    assert.throws(() => resolveUser('eve', [], database), /no user eve/);
    assert.throws(() => resolveUser('bob:eve', [], database), /no group eve/);
    assert.throws(() => resolveUser('4294967295', [], database), /too large/);
  });

  it('needs no database for numbers', () => {
    assert.deepEqual(resolveUser('5:6', [], { passwd: '', group: '' }), {
      uid: 5,
      gid: 6,
      additionalGids: [6],
      home: '/',
    });
  });
});

describe('view through layers', () => {
  let directory: string;
  let layers: readonly string[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-layers-'));
    layers = ['top', 'middle', 'bottom'].map((name) => join(directory, name));
    for (const layer of layers) mkdirSync(join(layer, 'etc'), { recursive: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const put = (layer: string, path: string, text: string): void => writeFileSync(join(directory, layer, path), text);

  it('finds the topmost file', () => {
    put('bottom', 'etc/passwd', 'low');
    put('middle', 'etc/passwd', 'high');
    assert.equal(readLayeredFile(layers, '/etc/passwd'), 'high');
    assert.equal(readLayeredFile(layers, '/etc/group'), null);
  });

  it('follows links inside the layers, absolute ones too', () => {
    mkdirSync(join(directory, 'bottom/usr'));
    put('bottom', 'usr/users', 'linked');
    symlinkSync('/usr/users', join(directory, 'top/etc/passwd'));
    symlinkSync('../usr/../usr/users', join(directory, 'top/etc/group'));
    assert.equal(readLayeredFile(layers, '/etc/passwd'), 'linked');
    assert.equal(readLayeredFile(layers, '/etc/group'), 'linked');
  });

  it('never leaves the layers', () => {
    symlinkSync('../../../../../../../../etc/passwd', join(directory, 'top/etc/passwd'));
    assert.equal(readLayeredFile(layers, '/etc/passwd'), null);
    rmSync(join(directory, 'bottom/etc'), { recursive: true });
    symlinkSync('/etc', join(directory, 'bottom/etc'));
    assert.equal(
      readLayeredFile(layers, '/etc/group'),
      null,
      'a link in a lower layer must not be followed on the host',
    );
  });

  it('ends on circles', () => {
    symlinkSync('/etc/passwd', join(directory, 'top/etc/passwd'));
    assert.equal(readLayeredFile(layers, '/etc/passwd'), null);
  });
});

describe('files of the network', () => {
  const host = parseResolvConf(
    '# x\nnameserver 192.0.2.1\nnameserver 192.0.2.2 ; y\nsearch a.example b.example\noptions timeout:1\n',
  );
  const dns = containerSpec();

  it('reads the settings of the host', () => {
    assert.deepEqual(host, {
      servers: ['192.0.2.1', '192.0.2.2'],
      search: ['a.example', 'b.example'],
      options: ['timeout:1'],
    });
  });

  it('points containers on our networks to the resolver', () => {
    assert.equal(
      buildResolvConf(dns, host, true),
      'nameserver 127.0.0.11\nsearch a.example b.example\noptions timeout:1 ndots:0\n',
    );
  });

  it('prefers what the file says', () => {
    const own = { dns: ['9.9.9.9'], dnsSearch: ['.'], dnsOptions: ['ndots:2'] };
    assert.equal(buildResolvConf(own, host, true), 'nameserver 127.0.0.11\noptions ndots:2\n');
    assert.equal(buildResolvConf(own, host, false), 'nameserver 9.9.9.9\noptions ndots:2\n');
  });

  it('writes own and extra names', () => {
    const hosts = buildHosts({
      hostname: 'box',
      domainname: 'example.org',
      addresses: ['172.30.0.5'],
      extraHosts: [
        { host: 'up', address: 'host-gateway' },
        { host: 'six', address: '::5' },
      ],
      gateways: ['172.30.0.1'],
      base: null,
    });
    assert.match(hosts, /^127\.0\.0\.1\tlocalhost\n/);
    assert.match(hosts, /\n172\.30\.0\.1\tup\n::5\tsix\n172\.30\.0\.5\tbox\.example\.org box\n$/);
  });
});

describe('seccomp profile of one’s own', () => {
  const context = { capabilities: ['CAP_SYS_TIME'], architecture: 'x64', kernel: '6.1.0-1' };
  const rule = (name: string, conditions: object): object => ({
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    ...conditions,
  });

  it('keeps the rules whose conditions hold', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        rule('a', {}),
        rule('b', { includes: { caps: ['CAP_SYS_TIME'] } }),
        rule('c', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
        rule('d', { excludes: { caps: ['CAP_SYS_TIME'] } }),
        rule('e', { includes: { arches: ['arm64'] } }),
        rule('f', { includes: { minKernel: '4.8', arches: ['amd64'] } }),
        rule('g', { includes: { minKernel: '6.2' } }),
      ],
    };
    const parsed = parseSeccompProfile(JSON.stringify(profile), context);
    assert.deepEqual(
      parsed.syscalls.flatMap(({ names }) => names),
      ['a', 'b', 'f'],
    );
    assert.deepEqual(parsed.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  });

  it('keeps flags and whoever decides', () => {
    const flags = ['SECCOMP_FILTER_FLAG_LOG'];
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', flags, listenerPath: '/run/it.sock', listenerMetadata: 'text' };
    const { architectures, ...parsed } = parseSeccompProfile(JSON.stringify(profile), context);
    assert.deepEqual(parsed, { ...profile, syscalls: [] });
    assert.deepEqual(architectures, []);
  });

  it('refuses what is no profile', () => {
    assert.throws(() => parseSeccompProfile('{', context), /not a seccomp profile/);
    assert.throws(() => parseSeccompProfile('{}', context), /defaultAction/);
  });
});

describe('device numbers', () => {
  it('are split as the kernel joins them', () => {
    assert.deepEqual(splitDeviceNumber(0x103), { major: 1, minor: 3 });
  });
});
