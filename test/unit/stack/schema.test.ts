import assert from 'node:assert/strict';
import type { core } from 'zod/mini';
import type { ComposeProject, ComposeService } from '../../../src/stack/index.ts';
import type { Schema } from '../../../src/stack/schema/form.ts';
import { service } from '../../../src/stack/schema/service.ts';
import type { stackFile } from '../../../src/stack/schema/stack-file.ts';
import { errorLines, load } from './memory-files.ts';

type Named<T> = Exclude<keyof T, `x-${string}`>;
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

/** These two lines stop compiling when the types and the schema know different attributes. */
const SAME_SERVICE_KEYS: Equal<Exclude<Named<core.output<typeof service>>, 'extends'>, Named<ComposeService>> = true;
const SAME_FILE_KEYS: Equal<
  Exclude<keyof core.output<typeof stackFile>, 'include' | 'version'>,
  Named<ComposeProject>
> = true;

function shapeOf(schema: Schema): string[] {
  const { def } = (schema as core.$ZodTypes)._zod;
  return def.type === 'object' ? Object.keys(def.shape) : [];
}

describe('the schema', () => {
  it('has every service key of the Compose Specification', () => {
    assert.ok(SAME_SERVICE_KEYS && SAME_FILE_KEYS);
    // One more is x-tsstack.
    assert.equal(shapeOf(service).length, 94);
  });

  it('refuses unknown keys everywhere, with the nearest known one', () => {
    const text = `
servces: {}
services:
  app:
    image: i
    imagge: i
    healthcheck: {tset: x}
    deploy: {resources: {limits: {memry: 1g}}}
    logging: {drivr: x}
    ports: [{target: 80, publishd: 1}]
networks: {n: {drver: x}}
`;
    const suggestions = errorLines(text).map((line) => /"([^"]*)"\?\)$/.exec(line)?.[1]);
    assert.deepEqual(suggestions, ['services', 'image', 'test', 'memory', 'driver', 'published', 'driver']);
  });

  it('takes x- keys everywhere and keeps them', () => {
    const { project } = load(
      'x-a: 1\nservices: {app: {image: i, x-b: [2], healthcheck: {test: x, x-c: 3}}, x-d: {image: j}}',
    );
    assert.equal(project['x-a'], 1);
    assert.deepEqual(project.services['app']?.['x-b'], [2]);
    assert.equal(project.services['app']?.healthcheck?.['x-c'], 3);
    assert.equal(project.services['x-d']?.image, 'j');
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['ports: {web: 80}', 'found a mapping, expected a list'],
    ['image: [a]', 'found a list, expected text'],
    ['image: 5', 'found the number 5, expected text (put it in quotes: "5")'],
    ['environment: text', 'found "text", expected a mapping'],
    ['mem_limit: 12 parsecs', 'found "12 parsecs", expected a size such as 512m or 1.5gb'],
    ['stop_grace_period: "10"', 'found "10", expected a duration with its unit, such as 10s or 1m30s'],
    ['scale: 100001', 'found the number 100001, expected a whole number from 0 to 100000'],
    ['cgroup: hots', 'found "hots", expected one of host, private (did you mean "host"?)'],
    ['scale: -1', 'found the number -1, expected a whole number from 0 to 100000'],
    ['scale: 1.5', 'found the number 1.5, expected a whole number from 0 to 100000'],
    ['init: maybe', 'found "maybe", expected true or false'],
    ['use_api_socket: "true"', 'found "true", expected true or false'],
    ['blkio_config: {weight: 5}', 'found the number 5, expected a whole number from 10 to 1000'],
    ['restart: sometimes', 'found "sometimes", expected no, always, unless-stopped, on-failure or on-failure:N'],
    [
      'healthcheck: {test: [curl, x]}',
      'a test list must start with CMD, CMD-SHELL or NONE (or write the test as one text)',
    ],
    ['env_file: [{path: a, format: toml}]', 'unsupported env_file format "toml" (the only other format is raw)'],
  ];
  for (const [attribute, expected] of wrong) {
    it(`says about ${attribute}: ${expected}`, () => {
      const lines = errorLines(
        `services:\n  app:\n    image: i\n    ${attribute}\n`.replace(/image: i\n +image/, 'image'),
      );
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.equal(lines[0]?.replace(/^[^ ]+ [^ ]+: /, ''), expected);
    });
  }

  it('lets one file bring what another lacks, but nobody is an error', () => {
    const files = {
      'a.yaml': 'services: {a: {image: i, depends_on: {b: {condition: service_healthy}}}, b: {image: i}}',
      'b.yaml': 'services:\n  a: {depends_on: {b: {restart: true}}}\n',
    };
    assert.equal(load(files, { files: ['a.yaml', 'b.yaml'] }).project.services['a']?.depends_on?.['b']?.restart, true);
    const lacking = 'services:\n  a: {image: i, depends_on: {b: {restart: true}}}\n  b: {image: i}\n';
    assert.deepEqual(errorLines(lacking), ['2:33 services.a.depends_on.b: condition is missing']);
  });
});
