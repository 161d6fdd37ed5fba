import assert from 'node:assert/strict';
import type { ComposeService } from '../../../src/stack/index.ts';
import { splitShellWords } from '../../../src/stack/forms/shell-words.ts';
import { errorLines, load } from './memory-files.ts';

/** A service with one attribute, written as JSON, which is YAML. */
function service(attribute: string, value: unknown, more = ''): ComposeService {
  const text = `services: {app: {image: i, ${attribute}: ${JSON.stringify(value)}}}\n${more}`;
  const loaded = load(text).project.services['app'];
  assert.ok(loaded !== undefined);
  return loaded;
}

const tcp = { mode: 'ingress', protocol: 'tcp' };

describe('short and long forms', () => {
  const ports: readonly (readonly [unknown, readonly unknown[]])[] = [
    [3000, [{ ...tcp, target: 3000 }]],
    ['8000:80', [{ ...tcp, target: 80, published: '8000' }]],
    [
      '9090-9091:8080-8081/udp',
      [
        { mode: 'ingress', target: 8080, published: '9090', protocol: 'udp' },
        { mode: 'ingress', target: 8081, published: '9091', protocol: 'udp' },
      ],
    ],
    ['40000-40010:80', [{ ...tcp, target: 80, published: '40000-40010' }]],
    ['127.0.0.1::4000', [{ ...tcp, host_ip: '127.0.0.1', target: 4000 }]],
    ['[::1]:6001:6001', [{ ...tcp, host_ip: '::1', target: 6001, published: '6001' }]],
    ['::1:6001:6001', [{ ...tcp, host_ip: '::1', target: 6001, published: '6001' }]],
    ['7000:7000/TCP', [{ ...tcp, target: 7000, published: '7000' }]],
    [{ target: '80', published: 8080 }, [{ ...tcp, target: 80, published: '8080' }]],
  ];
  for (const [written, expected] of ports) {
    it(`port ${JSON.stringify(written)}`, () => assert.deepEqual(service('ports', [written]).ports, expected));
  }

  for (const bad of [
    '80:70000',
    '8080:80/icmp',
    '1-3:8-9',
    '300.1.1.1:1:1',
    'x:80',
    '80:',
    '',
    '2-1:80',
    '0',
    { published: 1 },
  ]) {
    it(`refuses the port ${JSON.stringify(bad)}`, () => {
      assert.equal(errorLines(`services: {app: {image: i, ports: [${JSON.stringify(bad)}]}}`).length, 1);
    });
  }

  const binds = (more: object): object => ({ create_host_path: true, ...more });
  const volumes: readonly (readonly [string, object])[] = [
    ['/data', { type: 'volume', target: '/data', volume: {} }],
    ['v:/data', { type: 'volume', source: 'v', target: '/data', volume: {} }],
    ['v:/a/../b/:ro,nocopy', { type: 'volume', source: 'v', target: '/b', read_only: true, volume: { nocopy: true } }],
    ['./x:/x', { type: 'bind', source: '/project/x', target: '/x', bind: binds({}) }],
    ['~/x:/x:z', { type: 'bind', source: '/home/me/x', target: '/x', bind: binds({ selinux: 'z' }) }],
    [
      '/x:/x:rshared,ro',
      { type: 'bind', source: '/x', target: '/x', read_only: true, bind: binds({ propagation: 'rshared' }) },
    ],
    ['/x:/x:cached', { type: 'bind', source: '/x', target: '/x', bind: binds({}) }],
    ['C:\\x:/x', { type: 'bind', source: 'C:\\x', target: '/x', bind: binds({}) }],
  ];
  for (const [written, expected] of volumes) {
    it(`volume ${written}`, () =>
      assert.deepEqual(service('volumes', [written], 'volumes: {v: }').volumes, [expected]));
  }

  for (const bad of ['', ':/x', 'v:', 'v:/x:ro:x', 'v:/x:bogus', 5]) {
    it(`refuses the volume ${JSON.stringify(bad)}`, () => {
      const lines = errorLines(`services: {app: {image: i, volumes: [${JSON.stringify(bad)}]}}\nvolumes: {v: }`);
      assert.match(lines[0] ?? '', /services\.app\.volumes/);
    });
  }

  it('devices', () => {
    assert.deepEqual(service('devices', ['/dev/a', '/dev/b:/dev/c', '/dev/d:/dev/e:r', { source: '/dev/f' }]).devices, [
      { source: '/dev/a', target: '/dev/a', permissions: 'rwm' },
      { source: '/dev/b', target: '/dev/c', permissions: 'rwm' },
      { source: '/dev/d', target: '/dev/e', permissions: 'r' },
      { source: '/dev/f', target: '/dev/f', permissions: 'rwm' },
    ]);
  });

  it('extra hosts, from lists and mappings, sorted', () => {
    assert.deepEqual(service('extra_hosts', ['z=1.1.1.1', 'a:2.2.2.2,3.3.3.3', 'v6=[::1]']).extra_hosts, [
      'a=2.2.2.2',
      'a=3.3.3.3',
      'v6=::1',
      'z=1.1.1.1',
    ]);
    assert.deepEqual(service('extra_hosts', { a: ['1.1.1.1', '[::2]'] }).extra_hosts, ['a=1.1.1.1', 'a=::2']);
  });

  it('mappings: lists of K=V, numbers and booleans as text, nothing as empty or inherited', () => {
    assert.deepEqual(service('labels', { n: 1.5, b: true, e: null }).labels, { n: '1.5', b: 'true', e: '' });
    assert.deepEqual(service('labels', ['a=b=c', 'bare']).labels, { a: 'b=c', bare: '' });
    assert.deepEqual(service('environment', ['A=', 'HOME', 'NOPE']).environment, {
      A: '',
      HOME: '/home/me',
      NOPE: null,
    });
  });

  it('commands: text is split, lists are kept, nothing and empty differ', () => {
    assert.deepEqual(service('command', `a "b c" 'd "e' f\\ g --x="y z"`).command, [
      'a',
      'b c',
      'd "e',
      'f g',
      '--x=y z',
    ]);
    assert.deepEqual(service('command', ['a b', '']).command, ['a b', '']);
    assert.deepEqual(service('command', '').command, []);
    assert.equal(service('command', null).command, null);
    assert.equal(splitShellWords('a "b'), undefined);
  });

  it('health tests', () => {
    assert.deepEqual(service('healthcheck', { test: 'x y' }).healthcheck, { test: ['CMD-SHELL', 'x y'] });
    assert.deepEqual(service('healthcheck', { test: ['NONE'] }).healthcheck, { test: ['NONE'] });
  });

  it('secrets get a target, configs do not; modes are octal', () => {
    const more = 'secrets: {s: {file: ./s}}\nconfigs: {c: {content: x}}';
    assert.deepEqual(service('secrets', ['s'], more).secrets, [{ source: 's', target: '/run/secrets/s' }]);
    assert.deepEqual(service('configs', [{ source: 'c', mode: 440 }], more).configs, [{ source: 'c', mode: '0670' }]);
  });

  it('booleans written as yes or off are taken, with a warning', () => {
    const loaded = load('services: {app: {image: i, init: yes, tty: "off"}}');
    assert.equal(loaded.project.services['app']?.init, true);
    assert.equal(loaded.warnings.length, 2);
  });
});
