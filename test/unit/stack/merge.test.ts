import assert from 'node:assert/strict';
import fc from 'fast-check';
import { toCanonicalJson, type ComposeService, type LoadOptions } from '../../../src/stack/index.ts';
import { errorLines, load } from './memory-files.ts';

const RESOURCES = 'volumes: {v: , w: }\nsecrets: {s: {file: ./s}}\nconfigs: {c: {content: x}}\n';

/** The service `app` of several files that each say this about it. */
function merged(...parts: string[]): ComposeService {
  const files = Object.fromEntries(parts.map((part, index) => [`${index}.yaml`, `services: {app: {${part}}}\n`]));
  const options: Partial<LoadOptions> = { files: ['base.yaml', ...Object.keys(files)], profiles: ['*'] };
  const service = load({ 'base.yaml': `services: {app: {image: i}, db: {image: d}}\n${RESOURCES}`, ...files }, options)
    .project.services['app'];
  assert.ok(service !== undefined);
  return service;
}

describe('merging files', () => {
  it('replaces scalars and commands, but not by nothing', () => {
    const service = merged('user: a, command: one, restart: always', 'user: b, command: [two, x], restart: ');
    assert.equal(service.user, 'b');
    assert.deepEqual(service.command, ['two', 'x']);
    assert.equal(service.restart, 'always');
  });

  it('resets a command by nothing', () => assert.equal(merged('command: one', 'command: null').command, null));

  it('merges mappings and lists of K=V by key', () => {
    assert.deepEqual(merged('environment: {A: 1, B: 1}', 'environment: [B=2, C]').environment, {
      A: '1',
      B: '2',
      C: null,
    });
    assert.deepEqual(merged('labels: [a=1]', 'labels: {a: 2, b: 2}').labels, { a: '2', b: '2' });
  });

  it('keeps one entry per key of a list, in the place of the first', () => {
    assert.deepEqual(
      merged('volumes: ["v:/a", "v:/b"]', 'volumes: ["w:/a", "w:/c"]').volumes?.map((mount) => [
        mount.source,
        mount.target,
      ]),
      [
        ['w', '/a'],
        ['v', '/b'],
        ['w', '/c'],
      ],
    );
    assert.deepEqual(merged('ports: ["80:80", "81:80"]', 'ports: ["80:80"]').ports?.length, 2);
    assert.deepEqual(merged('tmpfs: ["/run:size=1m", /tmp]', 'tmpfs: /run:size=2m').tmpfs, ['/run:size=2m', '/tmp']);
    assert.deepEqual(merged('cap_add: [A, B]', 'cap_add: [B, C]').cap_add, ['A', 'B', 'C']);
    assert.deepEqual(merged('dns: 1.1.1.1', 'dns: [2.2.2.2, 1.1.1.1]').dns, ['1.1.1.1', '2.2.2.2']);
  });

  it('replaces the options of another logging driver', () => {
    const one = 'logging: {driver: a, options: {x: 1}}';
    assert.deepEqual(merged(one, 'logging: {driver: b, options: {y: 2}}').logging, {
      driver: 'b',
      options: { y: '2' },
    });
    assert.deepEqual(merged(one, 'logging: {options: {y: 2}}').logging, { driver: 'a', options: { x: '1', y: '2' } });
  });

  it('replaces each limit and the test of a health check whole', () => {
    assert.deepEqual(merged('ulimits: {nofile: {soft: 1, hard: 2}, core: 0}', 'ulimits: {nofile: 7}').ulimits, {
      nofile: 7,
      core: 0,
    });
    assert.deepEqual(merged('healthcheck: {test: [CMD, a, b], retries: 2}', 'healthcheck: {test: x}').healthcheck, {
      test: ['CMD-SHELL', 'x'],
      retries: 2,
    });
  });

  it('merges dependencies by name, whatever their form', () => {
    assert.deepEqual(
      merged('depends_on: {db: {condition: service_healthy, required: false}}', 'depends_on: [db]').depends_on,
      {
        db: { condition: 'service_started', required: true },
      },
    );
  });

  it('joins !reset and !override with what the base says', () => {
    const base = 'ports: ["1:1", "2:2"], environment: {A: 1, B: 1}, user: me';
    const service = merged(base, 'ports: !override ["3:3"], environment: {A: !reset null, C: 1}, user: !reset null');
    assert.deepEqual(
      service.ports?.map((port) => port.target),
      [3],
    );
    assert.deepEqual(service.environment, { B: '1', C: '1' });
    assert.equal(service.user, undefined);
  });

  it('lets a third file set again what the second removed', () => {
    assert.deepEqual(merged('labels: {a: 1}', 'labels: !reset null', 'labels: {b: 2}').labels, { b: '2' });
  });

  it('says which value cannot go over which', () => {
    const files = { 'a.yaml': 'x-a: {k: [1]}\nservices: {app: {image: i}}', 'b.yaml': 'x-a:\n  k: {m: 1}\n' };
    assert.deepEqual(errorLines(files, { files: ['a.yaml', 'b.yaml'] }), [
      '2:6 x-a.k: cannot override a list with a mapping',
    ]);
  });

  it('merges address pools by subnet', () => {
    const files = {
      'a.yaml':
        'services: {app: {image: i, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1}]}}}',
      'b.yaml': 'networks: {n: {ipam: {config: [{subnet: 10.0.0.0/8, ip_range: 10.1.0.0/16}, {subnet: 11.0.0.0/8}]}}}',
    };
    assert.deepEqual(load(files, { files: ['a.yaml', 'b.yaml'] }).project.networks?.['n']?.ipam.config, [
      { subnet: '10.0.0.0/8', gateway: '10.0.0.1', ip_range: '10.1.0.0/16' },
      { subnet: '11.0.0.0/8' },
    ]);
  });

  it('is associative: three files give what two of them, merged before, and the third give', () => {
    const word = fc.constantFrom('a', 'b', 'c');
    const map = fc.dictionary(word, word, { noNullPrototype: true });
    const service = fc.record(
      {
        image: word,
        user: word,
        environment: map,
        labels: map,
        sysctls: map,
        cap_add: fc.uniqueArray(word),
        dns: fc.uniqueArray(word),
        volumes: fc.uniqueArray(word.map((name) => `v:/${name}`)),
        ports: fc.uniqueArray(fc.integer({ min: 1, max: 4 }).map((port) => `${port}:${port}`)),
        command: fc.array(word),
        ulimits: fc.dictionary(word, fc.integer({ min: 1, max: 9 }), { noNullPrototype: true }),
      },
      {
        // The canonical model always has a command, and null there means "the image's".
        requiredKeys: ['image', 'command'],
        noNullPrototype: true,
      },
    );
    const file = (part: object): string => JSON.stringify({ name: 'p', services: { app: part }, volumes: { v: {} } });
    fc.assert(
      fc.property(service, service, service, (first, second, third) => {
        const files = { '1': file(first), '2': file(second), '3': file(third) };
        const all = load(files, { files: ['1', '2', '3'] });
        const early = toCanonicalJson(load(files, { files: ['1', '2'] }).project);
        const late = toCanonicalJson(load(files, { files: ['2', '3'] }).project);
        assert.deepEqual(load({ ...files, early }, { files: ['early', '3'] }).project, all.project);
        assert.deepEqual(load({ ...files, late }, { files: ['1', 'late'] }).project, all.project);
      }),
      { numRuns: 200 },
    );
  });
});
