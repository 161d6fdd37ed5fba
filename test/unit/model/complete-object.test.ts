import assert from 'node:assert/strict';
import { completeObject } from '../../../src/model/complete-object.ts';
import { defaultPort, defaultService } from '../../../src/model/default-specs.ts';
import { createdContainer } from '../../../src/model/new-status.ts';
import type { ModelObject, TaskObject } from '../../../src/model/objects.ts';
import { objectTemplates } from '../../../src/model/object-templates.ts';
import { serviceHash } from '../../../src/model/service-hash.ts';
import { networkAttachment } from '../../fixtures/network-attachment.ts';
import { taskObject } from '../../fixtures/objects.ts';
import { containerSpec, serviceSpec } from '../../fixtures/specs.ts';

/** The object once for each of its fields, at any depth, without that one. */
function* withoutEach(value: unknown): Generator {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
  const entries = Object.entries(value);
  for (const [key, entry] of entries) {
    if (key === 'kind') continue;
    yield Object.fromEntries(entries.filter(([other]) => other !== key));
    for (const smaller of withoutEach(entry)) yield { ...value, [key]: smaller };
  }
}

/** Lists are empty by default, whatever their items have. */
function withoutItems(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, entry: unknown) => (Array.isArray(entry) ? [] : entry)));
}

/** As an earlier version would have stored it. */
function without<Spec extends object>(spec: Spec, field: keyof Spec): Spec {
  const { [field]: _left, ...rest } = spec;
  return rest as Spec;
}

describe('objects of an earlier version', () => {
  for (const kind of Object.keys(objectTemplates) as ModelObject['kind'][]) {
    it(`of the kind ${kind} get every field that they lack`, () => {
      const whole = completeObject({ kind } as ModelObject);
      assert.deepEqual(withoutItems(whole), withoutItems(objectTemplates[kind]));
      let count = 0;
      for (const stored of withoutEach(whole)) {
        assert.deepEqual(completeObject(stored as ModelObject), whole);
        count += 1;
      }
      assert.ok(count > 5);
    });
  }

  it('keep what they have: maps of the user, null, unions, and fields of a later version', () => {
    const container = containerSpec({ environment: { A: '1' }, labels: { b: 'c' }, healthcheck: null });
    const spec = serviceSpec('web', { container, networkMode: { kind: 'service', service: 'db' } });
    const later = { later: { x: [1] } };
    const task: TaskObject = { ...taskObject('web', { spec }), ...later };
    assert.deepEqual(completeObject(task), task);
  });

  it('have whole items in their lists, and whole containers', () => {
    const port = { ...defaultPort, target: 80 };
    const spec = serviceSpec('web', {
      networks: [without(networkAttachment('back'), 'gatewayPriority')],
      ports: [without(port, 'mode')],
    });
    const task = taskObject('web', { spec });
    const created = createdContainer({ id: 'i', reference: 'r' }, 'now');
    const stored = { ...task, status: { ...task.status, container: without(created, 'hook') } };
    const completed = completeObject(stored);
    assert.deepEqual(completed.spec.networks, [networkAttachment('back')]);
    assert.deepEqual(completed.spec.ports, [port]);
    assert.deepEqual(completed.status.container, created);
  });
});

describe('the hash of a service', () => {
  it('is that of an earlier version, which had fewer fields, as long as the new ones are not used', () => {
    const spec = serviceSpec('web', { container: containerSpec({ tty: true }) });
    const smaller = { ...without(spec, 'hooks'), container: without(spec.container, 'runtime') };
    assert.equal(serviceHash(smaller), serviceHash(spec));
    assert.notEqual(serviceHash({ ...spec, container: { ...spec.container, runtime: 'crun' } }), serviceHash(spec));
  });

  it('tells items of lists apart, and a list with an item from one without', () => {
    const hashes = [
      [],
      [networkAttachment('a')],
      [networkAttachment('b')],
      [networkAttachment('a'), networkAttachment('b')],
    ].map((networks) => serviceHash(serviceSpec('web', { networks })));
    assert.equal(new Set(hashes).size, hashes.length);
    assert.notEqual(serviceHash(serviceSpec('web', { ports: [defaultPort] })), serviceHash(serviceSpec('web')));
    assert.notEqual(serviceHash({ ...defaultService, volumesFrom: [] }), serviceHash({ ...defaultService, name: 'x' }));
  });
});
