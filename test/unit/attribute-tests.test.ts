import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { supportOf } from '../../src/stack/support/attribute-support.ts';
import { ATTRIBUTE_TEXTS } from '../../src/stack/schema/attributes/attribute-texts.ts';
import { ATTRIBUTE_TESTS, attributesOf, testsOf } from '../attribute-tests.ts';

/** Attributes that by the specification, or because there is no option to be set, have no effect that a container could show. */
const WITHOUT_EFFECT = new Set([
  'networks.*.ipam.options',
  'services.*.ports.*.app_protocol',
  'services.*.ports.*.mode',
  'services.*.ports.*.name',
  'services.*.volumes.*.bind.selinux',
  'services.*.volumes.*.consistency',
]);

describe('the tests that observe attributes', () => {
  it('are there', () => {
    for (const { file, title } of ATTRIBUTE_TESTS) {
      const titles = readFileSync(join(import.meta.dirname, '..', file), 'utf8').split('\n');
      const isThere = titles.some((line) => line.includes('it(') && line.replaceAll('\\', '').includes(title));
      assert.ok(isThere, `test/${file} has no test "${title}"`);
    }
  });

  it('observe attributes that there are', () => {
    const unknown = ATTRIBUTE_TESTS.flatMap(attributesOf).filter((path) => ATTRIBUTE_TEXTS[path] === undefined);
    assert.deepEqual(unknown, []);
  });

  it('observe every attribute that is honoured (add a row to test/attribute-tests.ts)', () => {
    const unobserved = Object.keys(ATTRIBUTE_TEXTS).filter((path) => {
      const { kind, isFixed } = supportOf(path);
      return kind === 'honoured' && !isFixed && testsOf(path).length === 0 && !WITHOUT_EFFECT.has(path);
    });
    assert.deepEqual(unobserved, []);
  });
});
