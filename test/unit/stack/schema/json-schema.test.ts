import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { safeParse } from 'zod/mini';
import { ATTRIBUTE_GROUPS, ATTRIBUTE_TEXTS } from '../../../../src/stack/schema/attributes/attribute-texts.ts';
import { stackFileJsonSchema, type JsonSchema } from '../../../../src/stack/schema/json-schema.ts';
import { WRITTEN_SCALARS } from '../../../../src/stack/schema/written-scalars.ts';
import { schemaComplaints, schemaComplaintsOf } from '../../../support/schema-check.ts';
import { errorLines } from '../memory-files.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** Paths of every key, and of every mapping whose keys are free. */
function pathsOf(schema: JsonSchema, path: readonly string[], keys: Set<string>, free: Set<string>): void {
  for (const option of schema.anyOf ?? []) pathsOf(option, path, keys, free);
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    keys.add([...path, key].join('.'));
    pathsOf(value, [...path, key], keys, free);
  }
  if (schema.items !== undefined) pathsOf(schema.items, [...path, '*'], keys, free);
  if (typeof schema.additionalProperties !== 'object') return;
  free.add(path.join('.'));
  pathsOf(schema.additionalProperties, [...path, '*'], keys, free);
}

describe('the JSON Schema of stack files', () => {
  const keys = new Set<string>();
  const free = new Set<string>();
  before(() => pathsOf(stackFileJsonSchema(), [], keys, free));

  it('describes every attribute', () => {
    assert.deepEqual(
      [...keys].filter((key) => ATTRIBUTE_TEXTS[key] === undefined),
      [],
    );
  });

  it('has no text for an attribute that is not there, and none twice', () => {
    const rows = ATTRIBUTE_GROUPS.flatMap(({ texts }) => Object.keys(texts));
    const isOption = (row: string): boolean => free.has(row.split('.').slice(0, -1).join('.'));
    assert.deepEqual(
      rows.filter((row) => !keys.has(row) && !isOption(row)),
      [],
    );
    assert.equal(new Set(rows).size, rows.length);
  });

  it('shows the text of an attribute, with its default, when an editor hovers over it', () => {
    const services = stackFileJsonSchema().properties?.['services']?.additionalProperties;
    const service = typeof services === 'object' ? services.anyOf?.[0]?.properties : undefined;
    assert.equal(service?.['shm_size']?.description, 'The size of /dev/shm. Default: 64m.');
  });

  it('accepts every stack file of the project', () => {
    const files = globSync(['examples/**/*.{yml,yaml}', 'test/fixtures/stacks/**/*.{yml,yaml}'], { cwd: ROOT });
    assert.ok(files.length > 0);
    for (const file of files) assert.deepEqual(schemaComplaintsOf(join(ROOT, file)), [], file);
  });

  const accepted = [
    'services: {a: {image: i, environment: {A: 1, B: null, C: true}}}',
    'services: {a: {image: i, init: "${INIT:-yes}", cpus: "$CPUS", ports: ["80", 81, {target: "${PORT}"}]}}',
    'services: {a: {image: i, pull_policy: "${POLICY}", restart: "on-failure:3", deploy: {mode: "$MODE"}}}',
    'services: {a: {image: i, x-note: {b: c}, labels: [a=b], command: , healthcheck: {test: [CMD, x], interval: 1m30s}}}',
    'x-common: &common {image: i, mem_limit: 1.5g}\nservices: {a: {<<: *common, init: true}, b: }',
    'services: {a: {image: i, volumes: [/x, {type: tmpfs, target: /t, tmpfs: {mode: 0700}}], gpus: all}}',
  ];
  for (const text of accepted) it(`accepts ${text}`, () => assert.deepEqual(schemaComplaints(text), []));

  const refused = [
    'servces: {}',
    'services: {a: {image: 1}}',
    'services: {a: {image: i, privlieged: true}}',
    'services: {a: {image: i, init: maybe}}',
    'services: {a: {image: i, cpus: many}}',
    'services: {a: {image: i, mem_limit: 5x}}',
    'services: {a: {image: i, stop_grace_period: 10}}',
    'services: {a: {image: i, restart: sometimes}}',
    'services: {a: {image: i, depends_on: {b: {condition: service_happy}}}}',
    'services: {a: {image: i, depends_on: [1]}}',
    'services: {a: {image: i, volumes: [{type: disk, target: /x}]}}',
    'services: {"a b": {image: i}}',
    'services: [a]',
    'networks: {n: {internal: 3}}',
  ];
  for (const text of refused) {
    it(`refuses, as the loader does, ${text}`, () => {
      assert.notDeepEqual(schemaComplaints(text), []);
      assert.notDeepEqual(errorLines(text), []);
    });
  }

  it('takes of every scalar what the loader takes', () => {
    const words = [
      '1',
      '-1',
      '0',
      '-0',
      '+2',
      ' 3 ',
      '1.5',
      '.5',
      '1e3',
      'all',
      'yes',
      'ON',
      'true',
      'maybe',
      '0440',
      '0o17',
      '9',
    ];
    const units = ['1b', '5m', '5 MB', '1.5gib', '10s', '1m30s', '1.5h', '-2s', '7us', '3w', 'k', '', '-1m', '-0b'];
    const text = fc.oneof(fc.constantFrom(...words, ...units), fc.stringMatching(/^[-+ .0-9a-zA-Z]{0,6}$/));
    const fraction = fc.integer().map((number) => number / 8);
    const value = fc.oneof(text, fc.integer(), fraction, fc.boolean(), fc.constant(-1), fc.constant(4096));
    for (const [schema, written] of WRITTEN_SCALARS) {
      const pattern = new RegExp(`^(${written.text})$`);
      const isOther = written.other === null ? null : new Ajv2020().compile(written.other);
      fc.assert(
        fc.property(value, (input) => {
          const expected = safeParse(schema, input).success;
          const isTaken = typeof input === 'string' ? pattern.test(input) : (isOther?.(input) ?? false);
          assert.equal(isTaken, expected, `${written.text} and ${JSON.stringify(input)}`);
        }),
        { numRuns: 2000 },
      );
    }
  });
});
