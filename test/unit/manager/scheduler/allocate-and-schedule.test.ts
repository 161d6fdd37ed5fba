import assert from 'node:assert/strict';
import { allocateAndSchedule } from '../../../../src/manager/scheduler/allocate-and-schedule.ts';
import type { Change } from '../../../../src/manager/store/change.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import { newTaskStatus } from '../../../../src/model/new-status.ts';
import type { ModelObject, TaskObject } from '../../../../src/model/objects.ts';
import { networkAttachment } from '../../../fixtures/network-attachment.ts';
import { networkObject, nodeObject, taskObject } from '../../../fixtures/objects.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';

const now = '2026-01-01T00:00:00.000Z';
const fresh = { status: newTaskStatus(now), nodeId: null };

function pass(...objects: readonly ModelObject[]): {
  readonly changes: readonly Change[];
  readonly due: readonly string[];
} {
  const view = new ObjectIndex();
  view.apply(objects.map((after) => ({ before: null, after })));
  const { changes, lookAgainAt } = allocateAndSchedule.reconcile(view, new Set(['addresses', 'placement']), now);
  return { changes, due: [...lookAgainAt.keys()] };
}

function written({ changes }: { readonly changes: readonly Change[] }): readonly (readonly unknown[])[] {
  return changes.flatMap(({ object }) =>
    object.kind === 'task' ? [[object.service, object.status.state, object.nodeId]] : [],
  );
}

const off = (name: string, overrides: Partial<TaskObject> = {}): TaskObject =>
  taskObject(name, {
    ...fresh,
    spec: serviceSpec(name, { networkMode: { kind: 'none' }, networks: [] }),
    ...overrides,
  });

describe('addresses and nodes in one transaction', () => {
  it('are given to a task that is on no network, which is written once', () => {
    assert.deepEqual(written(pass(nodeObject(), off('web'))), [['web', 'assigned', 'n1']]);
  });

  it('place the container whose namespaces another one shares first', () => {
    const owner = off('db');
    const sharer = off('web', { sharedTasks: { network: owner.id, pid: null, ipc: null, volumes: [] } });
    const states = written(pass(nodeObject(), sharer, owner));
    assert.deepEqual(states.toSorted(), [
      ['db', 'assigned', 'n1'],
      ['web', 'assigned', 'n1'],
    ]);
  });

  it('leave a task on a network for the next pass, when its service has its address there', () => {
    const spec = serviceSpec('web', { networks: [networkAttachment('default')] });
    const first = pass(nodeObject(), networkObject(), taskObject('web', { ...fresh, spec }));
    assert.deepEqual(written(first), [['web', 'pending', null]]);
    const pending = first.changes.flatMap(({ object }) => (object.kind === 'task' ? [object] : []));
    assert.deepEqual(written(pass(nodeObject(), networkObject(), ...pending)), [['web', 'assigned', 'n1']]);
  });

  it('say when there is more to do than one pass takes', () => {
    const tasks = Array.from({ length: 5001 }, (_, slot) => off('web', { id: `t${slot}`, slot }));
    const { changes, due } = pass(nodeObject(), ...tasks);
    assert.deepEqual([changes.length, due], [5000, ['addresses']]);
  });
});
