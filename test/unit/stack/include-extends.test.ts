import assert from 'node:assert/strict';
import { errorLines, load } from './memory-files.ts';

describe('extends', () => {
  it('puts a service over another one of the same file', () => {
    const { services } = load('services:\n  a: {extends: b, user: x}\n  b: {image: i, labels: {l: 1}}\n').project;
    assert.deepEqual(services['a'], { ...services['b'], user: 'x' });
  });

  it('takes paths of another file from where that file lies, and only the one service', () => {
    const files = {
      'compose.yaml': 'services: {a: {extends: {file: lib/x.yaml, service: s}}}',
      'lib/x.yaml': 'services:\n  s: {extends: {file: deep/y.yaml, service: t}, build: ./ctx}\n  broken: {imgae: x}\n',
      'lib/deep/y.yaml': 'services: {t: {volumes: ["./d:/d", "~/h:/h"], env_file: e.env}}',
      'lib/deep/e.env': 'E=1',
    };
    const service = load(files).project.services['a'];
    assert.equal(service?.build?.context, '/project/lib/ctx');
    assert.deepEqual(
      service?.volumes?.map((mount) => mount.source),
      ['/project/lib/deep/d', '/home/me/h'],
    );
    assert.deepEqual(service?.environment, { E: '1' });
  });

  it('leaves relative paths relative with noPathResolution', () => {
    const files = {
      'compose.yaml': 'services: {a: {extends: {file: lib/x.yaml, service: s}}}',
      'lib/x.yaml': 'services: {s: {image: i, volumes: ["./d:/d"]}}',
    };
    assert.equal(load(files, { noPathResolution: true }).project.services['a']?.volumes?.[0]?.source, './lib/d');
  });

  it('reports cycles, missing services and missing files where they are asked for', () => {
    assert.match(
      errorLines('services:\n  a: {extends: b}\n  b: {extends: a}\n')[0] ?? '',
      /extend each other: a in .* -> b in .* -> a in/,
    );
    const missing = 'services:\n  a: {extends: basis}\n  base: {image: i}\n';
    assert.deepEqual(errorLines(missing), [
      '2:16 services.a.extends: cannot extend service "a": service "basis" not found in this file (did you mean "base"?)',
    ]);
    assert.match(
      errorLines('services:\n  a: {extends: {file: x.yaml, service: s}}\n')[0] ?? '',
      /^2:23 .*no such file: \/project\/x\.yaml/,
    );
  });

  it('lets !reset act on what the base brings', () => {
    const { services } = load(
      'services:\n  a: {extends: b, ports: !reset null}\n  b: {image: i, ports: ["1:1"]}\n',
    ).project;
    assert.equal(services['a']?.ports, undefined);
  });

  it('says where a broken base is broken', () => {
    const files = {
      'compose.yaml': 'services: {a: {extends: {file: x.yaml, service: s}}}',
      'x.yaml': 'services:\n  s:\n    imgae: x\n',
    };
    assert.deepEqual(errorLines(files), ['3:5 services.s.imgae: unknown key "imgae" (did you mean "image"?)']);
  });
});

describe('include', () => {
  it('gives a project its own directory and variables, below those of the parent', () => {
    const files = {
      'compose.yaml': 'include: [sub/x.yaml]\nservices: {main: {image: "m$T", depends_on: [sub]}}',
      'sub/x.yaml':
        'services: {sub: {image: "s$T$P", volumes: ["./d:/d"], environment: [T]}}\nsecrets: {k: {environment: T}}',
      'sub/.env': 'T=own\nP=child',
    };
    const loaded = load(files, { env: { P: 'parent' }, allResources: true });
    assert.equal(loaded.project.services['sub']?.image, 'sownparent');
    assert.equal(loaded.project.services['sub']?.volumes?.[0]?.source, '/project/sub/d');
    assert.deepEqual(loaded.project.services['sub']?.environment, { T: 'own' });
    assert.equal(loaded.project.services['main']?.image, 'm');
    assert.equal(loaded.payloadOf('secrets', 'k'), 'own');
  });

  it('lets local definitions win, and takes a file twice as once', () => {
    const files = {
      'compose.yaml': 'include: [a.yaml, b.yaml]\nservices: {c: {user: local}}',
      'a.yaml': 'include: [c.yaml]\nservices: {a: {image: a}}',
      'b.yaml': 'include: [c.yaml]\nservices: {b: {image: b}}',
      'c.yaml': 'services: {c: {image: c, user: included, post_start: [{command: x}]}}',
    };
    const service = load(files).project.services['c'];
    assert.equal(service?.user, 'local');
    assert.equal(service?.image, 'c');
  });

  it('does not repeat lists of a file that comes by two ways', () => {
    const files = {
      'compose.yaml': 'include: [a.yaml, b.yaml]',
      'a.yaml': 'include: [c.yaml]\nservices: {a: {image: a}}',
      'b.yaml': 'include: [c.yaml]\nservices: {b: {image: b}}',
      'c.yaml': 'services: {c: {image: c, post_start: [{command: x}]}}',
    };
    assert.equal(load(files).project.services['c']?.post_start?.length, 1);
  });

  it('reports cycles with the chain, missing files and remote ones', () => {
    const cycle = { 'compose.yaml': 'include: [a.yaml]', 'a.yaml': 'include: [compose.yaml]' };
    assert.match(
      errorLines(cycle)[0] ?? '',
      /^1:11 include\[0\]: include cycle: \/project\/compose\.yaml -> \/project\/a\.yaml -> /,
    );
    assert.match(errorLines('include: [x.yaml]')[0] ?? '', /no such file: \/project\/x\.yaml/);
    assert.match(errorLines('include: ["oci://x/y"]')[0] ?? '', /not supported yet/);
    assert.match(
      errorLines({ 'compose.yaml': 'include: [{path: a.yaml, env_file: e}]', 'a.yaml': 'services: {}' })[0] ?? '',
      /env file \/project\/e not found/,
    );
  });
});
