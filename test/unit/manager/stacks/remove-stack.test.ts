import assert from 'node:assert/strict';
import { removeStack } from '../../../../src/manager/stacks/remove-stack.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { ModelObject, ServiceObject, VolumeObject } from '../../../../src/model/objects.ts';
import type { RemoveStackRequest, RemoveStackResponse } from '../../../../src/rpc/messages.ts';
import { networkObject, serviceObject, stackObject, taskObject } from '../../../fixtures/objects.ts';
import { dependsOn, serviceSpec } from '../../../fixtures/specs.ts';

const stored = { version: 1, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '' };
const webSpec = serviceSpec('web', { dependsOn: { db: dependsOn('service_started') } });
const service = (name: string, spec = serviceSpec(name)): ServiceObject => serviceObject(name, { spec });
const stack = stackObject();
const volume: VolumeObject = {
  ...stored,
  id: 'v',
  kind: 'volume',
  stack: 'p',
  key: 'data',
  name: 'p_data',
  spec: { name: 'p_data', external: false, labels: {}, filesystem: null },
  anonymousOf: null,
  nodeId: 'n1',
  removing: false,
};
const all: readonly ModelObject[] = [
  stack,
  networkObject(),
  volume,
  service('db'),
  service('web', webSpec),
  taskObject('db'),
  taskObject('web', { spec: webSpec }),
];

function down(objects: readonly ModelObject[], request: Partial<RemoveStackRequest> = {}): readonly string[] {
  return result(objects, request).changes;
}

function result(
  objects: readonly ModelObject[],
  request: Partial<RemoveStackRequest>,
): { readonly changes: readonly string[]; readonly response: RemoveStackResponse } {
  const index = new ObjectIndex();
  index.apply(objects.map((after) => ({ before: null, after })));
  const defaults = {
    stack: 'p',
    services: [],
    volumes: false,
    removeOrphans: false,
    stopGraceMs: null,
    removeImages: '',
    knownServices: [],
  };
  const transaction = removeStack(index, { ...defaults, ...request });
  const changes = transaction.changes.map(({ type, object }) => {
    if (object.kind === 'task')
      return `${object.containerName} ${object.desired}${object.gate === null ? '' : ' later'}`;
    if (object.kind === 'stack') return `stack removing ${object.removing}, volumes ${object.removeVolumes}`;
    return `${type} ${object.id}`;
  });
  return { changes, response: transaction.result };
}

describe('taking a stack down', () => {
  it('takes containers in reverse order of their dependencies, and the rest with the last of them', () => {
    assert.deepEqual(down(all), [
      'p-db-1 running later',
      'p-web-1 remove',
      'stack removing true, volumes false',
      'delete service-db',
      'delete service-web',
    ]);
  });

  it('tells what will go', () => {
    const steps = (request: Partial<RemoveStackRequest>): readonly string[] =>
      result(all, request).response.steps.map(({ kind, name }) => `${kind} ${name}`);
    assert.deepEqual(steps({}), ['container p-db-1', 'container p-web-1', 'network p_default']);
    assert.deepEqual(steps({ volumes: true }).slice(2), ['network p_default', 'volume p_data']);
    assert.deepEqual(steps({ removeImages: 'all' }).slice(3), ['image busybox']);
    assert.deepEqual(steps({ removeImages: 'local' }).length, 3);
  });

  it('takes the named services and those that depend on them', () => {
    assert.deepEqual(down(all, { services: ['web'] }), ['p-web-1 remove', 'delete service-web']);
    assert.equal(down(all, { services: ['db'] }).length, 4);
    assert.deepEqual(down(all, { services: ['unknown'] }), []);
  });

  it('leaves orphans and one-offs, and with them the networks, unless told otherwise', () => {
    const orphan = taskObject('old');
    const { changes, response } = result([...all, orphan], {});
    assert.equal(
      changes.some((change) => change.startsWith('stack') || change.includes('p-old-1')),
      false,
    );
    assert.match(response.warnings.join(), /orphan containers use them: p-old-1/);
    assert.ok(down([...all, orphan], { removeOrphans: true }).includes('p-old-1 remove'));
  });

  it('counts services that the file does not have any more as orphans, whatever the last apply knew', () => {
    const request = { knownServices: ['db'] };
    assert.deepEqual(down(all, request).slice(0, 1), ['p-db-1 remove']);
    assert.match(result(all, request).response.warnings.join(), /orphan containers use them: p-web-1/);
    const without = all.filter(({ kind }) => kind !== 'service');
    assert.deepEqual(down(without, { knownServices: ['db', 'web'] }).slice(0, 2), [
      'p-db-1 running later',
      'p-web-1 remove',
    ]);
  });

  it('removes volumes that outlived their stack, and does nothing when nothing is left', () => {
    assert.deepEqual(down([volume], { volumes: true }), ['delete v']);
    assert.deepEqual(down([volume]), []);
    assert.deepEqual(down([]), []);
  });
});
