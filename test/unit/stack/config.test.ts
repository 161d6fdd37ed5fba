import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  loadStack,
  renderProblems,
  runConfig,
  StackFileError,
  toCanonicalJson,
  toCanonicalYaml,
  type ConfigArguments,
} from '../../../src/stack/index.ts';
import { DIRECTORY, load, memoryFiles, problemsOf, type Files } from './memory-files.ts';

const STACK = `name: shop
services:
  web:
    image: "web:\${TAG:-1}"
    command: echo "$$HOME"
    ports: ["8080:80"]
    environment: {PRICE: "5$$", OCTAL: "0123", YES: "yes", EMPTY: ""}
    volumes: [{type: bind, source: ./x, target: /x, bind: {create_host_path: false}}]
    depends_on: [db]
    env_file: web.env
  db: {build: ., profiles: [data]}
`;

function config(args: Partial<ConfigArguments>, files: Files = { 'compose.yaml': STACK, 'web.env': 'FROM_FILE=1' }) {
  return runConfig({
    cwd: DIRECTORY,
    env: { HOME: '/home/me' },
    fileSystem: memoryFiles(files),
    profiles: ['data'],
    ...args,
  });
}

describe('config', () => {
  it('prints YAML that loads to the same model', () => {
    const loaded = load({ 'compose.yaml': STACK, 'web.env': 'FROM_FILE=1' }, { profiles: ['*'] });
    const again = load({}, { files: ['-'], stdin: toCanonicalYaml(loaded.project), profiles: ['*'] });
    assert.deepEqual(again.project, loaded.project);
    assert.equal(toCanonicalYaml(again.project), toCanonicalYaml(loaded.project));
  });

  it('doubles dollars, unless variables were left in place', () => {
    const model = JSON.parse(config({ format: 'json' }).stdout) as {
      services: { web: { command: string[]; environment: object } };
    };
    assert.deepEqual(model.services.web.command, ['echo', '$$HOME']);
    assert.match(config({ noInterpolate: true }).stdout, /web:\$\{TAG:-1\}/);
  });

  const lists: readonly (readonly [Partial<ConfigArguments>, string])[] = [
    [{ list: 'services' }, 'web\ndb\n'],
    [{ list: 'images' }, 'web:1\nshop-db\n'],
    [{ list: 'networks' }, 'default\n'],
    [{ list: 'volumes' }, ''],
    [{ list: 'profiles' }, 'data\n'],
    [{ list: 'variables' }, 'NAME   REQUIRED   DEFAULT VALUE   ALTERNATE VALUE\nTAG    false      1\n'],
    [{ list: 'environment', env: { B: '2', A: '1' } }, 'A=1\nB=2\n'],
    [{ quiet: true }, ''],
  ];
  for (const [args, expected] of lists) {
    it(`answers ${JSON.stringify(args)}`, () =>
      assert.deepEqual(config(args), { stdout: expected, stderr: '', exitCode: 0 }));
  }

  it('says where each value came from', () => {
    const files = {
      'a.yaml': 'services:\n  web: {image: i, labels: {x.y: 1}}\n',
      'b.yaml': 'services:\n  web:\n    user: me\n',
    };
    const all = config({ explain: 'web', files: ['a.yaml', 'b.yaml'] }, files).stdout;
    assert.match(all, /^services\.web\.image = "i" {2}\/project\/a\.yaml:2:9$/m);
    assert.match(all, /^services\.web\.user = "me" {2}\/project\/b\.yaml:3:5$/m);
    assert.match(config({ explain: 'web.labels.x.y', files: ['a.yaml'] }, files).stdout, /a\.yaml:2:28$/m);
    assert.match(config({ explain: 'wbe', files: ['a.yaml'] }, files).stderr, /did you mean "web"/);
  });

  it('says what was written where variables were replaced, and what came from extends, other files and env files', () => {
    const files = {
      'a.yaml': [
        'x-all: &all {image: "busybox:${TAG:-1}"}',
        'services:',
        '  base: {<<: *all, labels: {from: base}}',
        '  web: {extends: base, env_file: [one.env, two.env], label_file: l, environment: {A: own, B: "x-${B}"}}',
      ].join('\n'),
      'b.yaml': 'services: {web: {environment: {A: "other"}}}',
      'one.env': 'F=1\nA=lost\nG=2\n',
      'two.env': '\nexport G="three"\n',
      l: 'from=file\nmore=yes\n',
    };
    const args = { files: ['a.yaml', 'b.yaml'], env: { B: 'b' } };
    assert.deepEqual(
      config({ ...args, explain: 'web' }, files)
        .stdout.trim()
        .split('\n'),
      [
        'services.web.labels.from = "base"  /project/a.yaml:3:29',
        'services.web.image = "busybox:1"  /project/a.yaml:1:14  "busybox:${TAG:-1}"',
        'services.web.env_file[0].path = "/project/one.env"  /project/a.yaml:4:35',
        'services.web.env_file[0].required = true  /project/a.yaml:4:35',
        'services.web.env_file[1].path = "/project/two.env"  /project/a.yaml:4:44',
        'services.web.env_file[1].required = true  /project/a.yaml:4:44',
        'services.web.label_file[0] = "/project/l"  /project/a.yaml:4:66',
        'services.web.environment.A = "other"  /project/b.yaml:1:32',
        'services.web.environment.B = "x-b"  /project/a.yaml:4:91  "x-${B}"',
        'services.web.environment.F = "1"  /project/one.env:1:1',
        'services.web.environment.G = "three"  /project/two.env:2:1',
        'services.web.labels.more = "yes"  /project/l:2:1',
      ],
    );
    const one = config({ ...args, explain: 'web.environment.G' }, files).stdout;
    assert.equal(one, 'services.web.environment.G = "three"  /project/two.env:2:1\n');
    assert.match(config({ ...args, explain: 'web.labels' }, files).stdout, /^[^\n]*base[^\n]*\n[^\n]*more[^\n]*\n$/);
  });

  it('says what the JSON of the reference loses', () => {
    const { stderr, stdout } = config({ format: 'json' });
    assert.match(stderr, /"line":8,.*"services\.web\.volumes\[0\]\.bind\.create_host_path"/);
    assert.doesNotMatch(stdout, /create_host_path/);
    assert.equal(config({}).stderr, '');
    assert.match(config({}).stdout, /create_host_path: false/);
  });

  it('hashes what a container is made of, whatever the order of keys', () => {
    const hash = (service: string): string => {
      const files = { 'compose.yaml': `services: {a: ${service}, b: {image: i}}` };
      return config({ hash: 'a' }, files).stdout;
    };
    const base = hash('{image: i, labels: {x: 1, y: 2}}');
    assert.match(base, /^a [0-9a-f]{64}\n$/);
    assert.equal(hash('{labels: {y: 2, x: 1}, image: i}'), base);
    assert.equal(hash('{image: i, labels: {x: 1, y: 2}, scale: 3, depends_on: [b], pull_policy: always}'), base);
    assert.notEqual(hash('{image: i, labels: {x: 1, y: 3}}'), base);
    const two = { 'compose.yaml': 'services: {a: {image: i}, b: {image: i}}' };
    assert.equal(config({ hash: '*' }, two).stdout.split('\n').length, 3);
    assert.match(config({ hash: 'nope' }).stderr, /no such service: nope/);
  });

  it('prints problems as text or as JSON, and exits with 1', () => {
    const broken = { 'compose.yaml': 'services:\n  web:\n    imgae: x\n' };
    assert.deepEqual(config({}, broken), {
      stdout: '',
      stderr: `/project/compose.yaml:3:5: error: services.web.imgae: unknown key "imgae" (did you mean "image"?)\n3 |     imgae: x\n  |     ^~~~~\n`,
      exitCode: 1,
    });
    const [line = ''] = config({ format: 'json' }, broken).stderr.split('\n');
    assert.equal((JSON.parse(line) as { line: number }).line, 3);
  });

  it('colours only when asked', () => {
    const problems = problemsOf('services: {a: {}}');
    assert.doesNotMatch(renderProblems(problems), /\x1b/);
    assert.match(renderProblems(problems, { color: true }), /\x1b\[31;1merror:/);
  });

  it('shows five different mistakes in one run', () => {
    const text =
      'services:\n  a:\n    imgae: x\n    ports: ["x"]\n    mem_limit: 1 parsec\n    init: maybe\n    image: "${X"\n';
    assert.deepEqual(
      problemsOf(text).map((problem) => problem.line),
      [3, 4, 5, 6, 7],
    );
  });

  it('locates what the model says', () => {
    const loaded = load('services:\n  a:\n    image: i\n    ports:\n      - "80:80"\n');
    assert.deepEqual(loaded.locate(['services', 'a', 'ports', 0, 'target']), {
      file: '/project/compose.yaml',
      line: 5,
      column: 9,
    });
    assert.deepEqual(loaded.locate(['services', 'a', 'networks', 'default']), {
      file: '/project/compose.yaml',
      line: 2,
      column: 3,
    });
  });

  it('is itself when it is given its own output', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const value = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.stringMatching(/^[-+]?[0-9.][0-9_.]?[xXoObBeE]?[-+]?[0-9a-fA-F_.]{0,3}$/),
      fc.constantFrom('0123', '0B0', '0X1f', 'yes', '1e3', '~', ' x ', 'a: b', '# c', '$$', '${X:-1}', '\n', '- x'),
    );
    const service = fc.record(
      {
        image: word,
        command: fc.oneof(fc.array(value), fc.constant(null)),
        environment: fc.dictionary(word, fc.oneof(value, fc.integer(), fc.boolean(), fc.constant(null)), {
          noNullPrototype: true,
        }),
        labels: fc.dictionary(word, value, { noNullPrototype: true }),
        ports: fc.uniqueArray(fc.integer({ min: 1, max: 65535 })),
        tty: fc.boolean(),
        mem_limit: fc.integer({ min: 0, max: 2 ** 40 }),
        stop_grace_period: fc.integer({ min: 0, max: 10_000 }).map((ms) => `${ms}ms`),
        networks: fc.subarray(['n', 'default']),
        volumes: fc.subarray(['v:/v', './b:/b:ro', '/anonymous']),
        secrets: fc.subarray(['s']),
        build: fc.constantFrom('.', { context: './x', args: ['A=1'] }),
      },
      { requiredKeys: ['image'], noNullPrototype: true },
    );
    const stack = fc.dictionary(word, service, { minKeys: 1, maxKeys: 4, noNullPrototype: true }).map((services) => {
      return JSON.stringify({
        name: 'p',
        services,
        networks: { n: null },
        volumes: { v: {} },
        secrets: { s: { file: './s' } },
      });
    });
    fc.assert(
      fc.property(stack, (text) => {
        let project;
        try {
          ({ project } = load(text));
        } catch (error) {
          if (error instanceof StackFileError) return; // a stray `${` in a generated text
          throw error;
        }
        for (const output of [toCanonicalYaml(project), toCanonicalJson(project)]) {
          assert.deepEqual(load({}, { files: ['-'], stdin: output }).project, project, output);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('ends every input in a model or in located errors', () => {
    const key = fc.constantFrom(
      'services',
      'networks',
      'a',
      'image',
      'ports',
      'extends',
      'build',
      'deploy',
      'x-y',
      'include',
      'environment',
      '<<',
      'name',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(null, 'text', 5, true, '${X}', '80:80', './p'),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(key, tree, { noNullPrototype: true }),
        fc.dictionary(key, tree, { noNullPrototype: true }),
        (first, second) => {
          const files = { 'a.yaml': JSON.stringify(first), 'b.yaml': JSON.stringify(second) };
          try {
            loadStack({ cwd: DIRECTORY, env: {}, files: ['a.yaml', 'b.yaml'], fileSystem: memoryFiles(files) });
          } catch (error) {
            assert.ok(error instanceof StackFileError, String(error));
            assert.ok(error.problems.length > 0);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
