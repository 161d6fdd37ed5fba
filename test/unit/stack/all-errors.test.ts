import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StackFileError, unsupportedAttributes } from '../../../src/stack/index.ts';
import { errorLines, load, problemsOf } from './memory-files.ts';

const BROKEN = `services:
  web:
    image: nginx
    prots: ["80:80"]
    init: maybe
    networks: [backnd]
    environment:
      A: \${MISSING:?set it}
    isolation: hyperv
    depends_on: [db]
  db:
    image: x
    volumes: ["dta:/data"]
    depends_on: [web]
    secrets: [pw]
    env_file: [none.env]
    ports: ["99999:1"]
  empty: {}
networks: {backend: }
volumes: {data: }
`;

describe('all errors of a file in one go', () => {
  it('finds mistakes of every kind in one run, each in its place', () => {
    assert.deepEqual(errorLines(BROKEN, { alsoCheck: unsupportedAttributes }), [
      '4:5 services.web.prots: unknown key "prots" (did you mean "ports"?)',
      '5:11 services.web.init: found "maybe", expected true or false',
      '6:16 services.web.networks.backnd: service "web" refers to undefined network backnd (did you mean "backend"?)',
      '8:10 services.web.environment.A: required variable MISSING is missing a value: set it',
      '9:16 services.web.isolation: isolation exists on Windows only: this host runs Linux containers (supported: default)',
      '13:15 services.db.volumes[0]: service "db" refers to undefined volume dta (did you mean "data"?)',
      '14:18 services.db.depends_on.web: dependency cycle: web -> db -> web',
      '15:15 services.db.secrets[0]: service "db" refers to undefined secret pw (declare it under secrets:)',
      '16:16 services.db.env_file[0]: env file /project/none.env not found (required: false makes it optional)',
      '17:13 services.db.ports[0]: port "99999:1": 99999 is not a host port (written as [[IP:]HOST:]CONTAINER[/PROTOCOL])',
      '18:3 services.empty: service "empty" has neither an image nor a build context (add image: or build:)',
    ]);
  });

  it('does not say of what makes no sense that it is not supported yet', () => {
    const text = 'services:\n  a:\n    image: i\n    pid: foo\n    uts: foo\n    ipc: foo\n';
    assert.deepEqual(errorLines(text, { alsoCheck: unsupportedAttributes }), [
      '4:5 services.a.pid: pid is "foo", expected host, service:NAME, container:NAME',
      '5:5 services.a.uts: uts is "foo", expected host',
      '6:5 services.a.ipc: ipc is "foo", expected private, shareable, none, host, service:NAME, container:NAME',
    ]);
  });

  it('says each thing once, and where a misplaced key belongs', () => {
    const text = `services:
  a:
    image: i
    replicas: 2
    interval: 3s
    restart_policy: always
    labels: ["x=\${A B}"]
    ports: ["\${P:?}:80"]
    extra_hosts: ["\${H:?}"]
    volumes: ["a:b:c:d:e"]
    container_name: x
`;
    assert.deepEqual(errorLines(text), [
      '4:5 services.a.replicas: unknown key "replicas" (it belongs under deploy)',
      '5:5 services.a.interval: unknown key "interval" (it belongs under healthcheck)',
      '6:5 services.a.restart_policy: unknown key "restart_policy" (it belongs under deploy)',
      '7:17 services.a.labels[0]: invalid interpolation format ${A B} (write $$ for a $ that is no variable)',
      '8:14 services.a.ports[0]: required variable P is missing a value',
      '9:20 services.a.extra_hosts[0]: required variable H is missing a value',
      '10:15 services.a.volumes[0]: volume "a:b:c:d:e" has too many colons (written as [SOURCE:]TARGET[:OPTIONS])',
      '11:21 services.a.container_name: found "x", expected a name of two or more letters, digits, dots, dashes and underscores',
    ]);
    assert.deepEqual(errorLines('web:\n  image: i\n'), ['1:1 web: unknown key "web" (it belongs under services)']);
    const empty = 'services:\n  a:\n    image: i\n    devices:\n      -\n    depends_on: { b: }\n  b: { image: i }\n';
    assert.deepEqual(errorLines(empty), [
      '5:8 services.a.devices[0]: an item without a value (remove the dash, or write a value behind it)',
      '6:19 services.a.depends_on.b: condition is missing',
    ]);
    assert.deepEqual(errorLines('services:\n  a:\n    image: x\n\tcommand: y\n'), [
      '4:1 : tabs are not allowed as indentation (indent with spaces)',
    ]);
  });

  it('finds them in several files', () => {
    const files = {
      'compose.yaml':
        'include: [other.yaml]\nservices: {a: {image: i, pirvileged: true, extends: {file: base.yaml, service: b}}}\n',
      'other.yaml': 'services: {c: {image: i, tty: 7}}\n',
      'base.yaml': 'services: {b: {image: i, volumes: [v:/v], restart: daily}}\n',
    };
    const found = problemsOf(files).map(({ file, path }) => `${file} ${path}`);
    assert.deepEqual(found, [
      '/project/compose.yaml services.a.pirvileged',
      '/project/other.yaml services.c.tty',
      '/project/base.yaml services.a.volumes[0]',
      '/project/base.yaml services.b.restart',
    ]);
  });

  it('looks at the other files when one of them cannot be read at all', () => {
    const files = {
      'compose.yaml':
        'include: [broken.yaml, other.yaml]\nservices: {a: {extends: {file: broken.yaml, service: x}}, b: {extends: {file: base.yaml, service: y}}}\n',
      'broken.yaml': 'services: {x: {image: i\n',
      'other.yaml': 'services: {c: {image: i, tty: 7}}\n',
      'base.yaml': 'services: {y: {image: i, restart: daily}}\n',
    };
    const found = problemsOf(files).map(({ file, path }) => `${file} ${path}`);
    assert.deepEqual(found, [
      '/project/broken.yaml ',
      '/project/other.yaml services.c.tty',
      '/project/base.yaml services.y.restart',
    ]);
  });

  const single: readonly (readonly [string, string, string])[] = [
    ['an image that was misspelt', 'services: {a: {imgae: i}}', 'services.a.imgae'],
    ['a network whose definition is wrong', 'services: {a: {image: i, networks: [n]}}\nnetworks: {n: 5}', 'networks.n'],
    ['a kind of resource that was misspelt', 'services: {a: {image: i, volumes: [v:/v]}}\nvolums: {v: }', 'volums'],
    ['a service that is none', 'services: {a: {image: i, depends_on: [b]}, b: 5}', 'services.b'],
    ['a variable that is missing', 'services: {a: {image: "${I:?}", init: "${J:-true}"}}', 'services.a.image'],
    ['a value that has no number', 'services: {a: {image: i, cpus: "${C:?}"}}', 'services.a.cpus'],
    ['a secret without its source', 'services: {a: {image: i, secrets: [{target: t}]}}', 'services.a.secrets[0]'],
    ['a file that cannot be read as YAML', 'services: {a: {image: i, depends_on: [b]}', ''],
    ['a file that is no mapping', '[services]', ''],
    ['a base that is broken', 'services: {a: {extends: b}, b: {imgae: i}}', 'services.b.imgae'],
  ];
  for (const [what, text, path] of single) {
    it(`says nothing of the consequences of ${what}`, () =>
      assert.deepEqual(
        problemsOf(text).map((problem) => problem.path),
        [path],
      ));
  }

  it('goes on after any damage: no input makes it crash', () => {
    const lines = BROKEN.split('\n');
    const damage = fc.record({
      line: fc.nat(lines.length - 1),
      text: fc.constantFrom(
        '',
        '5',
        '[]',
        '{}',
        'x',
        '[[1], {a: 2}]',
        '{path: 5, source: [], target: {}}',
        '!reset null',
        '~',
      ),
      how: fc.constantFrom('value', 'drop', 'double'),
    });
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 6 }), (damages) => {
        const broken = [...lines];
        for (const { line, text, how } of damages) {
          const [, indent = '', key = ''] = /^( *)([a-z_A-Z]+:)?/.exec(broken[line] ?? '') ?? [];
          if (how === 'drop') broken[line] = '';
          else if (how === 'double') broken[line] += `\n${indent}more: ${text}`;
          else broken[line] = `${indent}${key} ${text}`;
        }
        try {
          load(broken.join('\n'), { alsoCheck: unsupportedAttributes });
        } catch (error) {
          assert.ok(error instanceof StackFileError, String(error instanceof Error ? error.stack : error));
          assert.ok(error.problems.some(({ severity }) => severity === 'error'));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
