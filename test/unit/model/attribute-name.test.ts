import assert from 'node:assert/strict';
import { attributeName } from '../../../src/model/attribute-name.ts';
import { ATTRIBUTE_TEXTS } from '../../../src/stack/schema/attributes/attribute-texts.ts';
import { networkSpec } from '../../fixtures/network-spec.ts';
import { serviceSpec } from '../../fixtures/specs.ts';

/** Paths of the fields of a spec, down to lists and maps of the user. */
function fieldsOf(spec: object, prefix = ''): string[] {
  return Object.entries(spec).flatMap(([key, value]) => {
    const isGroup = ['container', 'resources', 'namespaces', 'logging', 'hooks'].includes(key);
    return isGroup ? fieldsOf(value as object, `${prefix}${key}.`) : [`${prefix}${key}`];
  });
}

/** Fields that are told apart by more than their name, or come from two attributes. */
const OWN_WORDS = new Set(['name', 'replicas', 'service_labels']);

describe('names of attributes in plans', () => {
  it('are those of the stack file, for every field of a service', () => {
    const names = fieldsOf(serviceSpec('web')).map(attributeName);
    const unknown = names.filter((name) => ATTRIBUTE_TEXTS[`services.*.${name}`] === undefined && !OWN_WORDS.has(name));
    assert.deepEqual(unknown, []);
  });

  it('are those of the stack file, for every field of a network', () => {
    const names = Object.keys(networkSpec('n')).map(attributeName);
    assert.deepEqual(
      names.filter((name) => ATTRIBUTE_TEXTS[`networks.*.${name}`] === undefined),
      [],
    );
  });

  it('leave the names of the user alone', () => {
    assert.equal(attributeName('container.environment.myVarMs'), 'environment.myVarMs');
    assert.equal(attributeName('container.resources.memoryBytes'), 'mem_limit');
    assert.equal(attributeName('container.healthcheck.intervalMs'), 'healthcheck.interval');
    assert.equal(attributeName('container.logging.maxBytes'), 'logging.options.max-size');
  });
});
