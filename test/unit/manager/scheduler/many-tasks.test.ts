import assert from 'node:assert/strict';
import { scheduler } from '../../../../src/manager/scheduler/scheduler.ts';
import { placesAtOnce } from '../../../../src/manager/loops/reconcile-loop.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import { newTaskStatus } from '../../../../src/model/new-status.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import { nodeObject, taskObject } from '../../../fixtures/objects.ts';

const now = '2026-01-01T00:10:00.000Z';
const nodes = Array.from({ length: 10 }, (_, index) => `n${index}`);

function viewOf(tasks: number): ObjectIndex {
  const view = new ObjectIndex();
  const status = { ...newTaskStatus(now), state: 'pending' as const };
  const pending = Array.from({ length: tasks }, (_, index) =>
    taskObject('web', { id: `t${index}`, slot: index + 1, nodeId: null, status }),
  );
  const all = [...nodes.map((id) => nodeObject({ id, hostname: id })), ...pending];
  view.apply(all.map((after) => ({ before: null, after })));
  return view;
}

/** One pass; the index takes what it wrote. */
function pass(view: ObjectIndex): { readonly placed: number; readonly lookAgainAt: number | undefined } {
  const { changes, lookAgainAt } = scheduler.reconcile(view, new Set(['placement']), now);
  const tasks = changes.map(({ object }) => object as TaskObject);
  view.apply(tasks.map((after) => ({ before: view.get('task', after.id) ?? null, after })));
  return { placed: tasks.filter(({ nodeId }) => nodeId !== null).length, lookAgainAt: lookAgainAt.get('placement') };
}

const counts = (view: ObjectIndex): readonly number[] => nodes.map((id) => view.tasksOfNode(id).length);

describe('many tasks at once', () => {
  it('are placed evenly: 1,000 on 10 nodes, in one pass', () => {
    const view = viewOf(1000);
    assert.deepEqual(pass(view), { placed: 1000, lookAgainAt: undefined });
    assert.deepEqual(
      counts(view),
      nodes.map(() => 100),
    );
  });

  it('are placed in several passes when they are very many, each of which says that there is more to do now', () => {
    const view = viewOf(placesAtOnce + 20);
    assert.deepEqual(pass(view), { placed: placesAtOnce, lookAgainAt: Date.parse(now) });
    assert.deepEqual(pass(view), { placed: 20, lookAgainAt: undefined });
    assert.deepEqual(pass(view), { placed: 0, lookAgainAt: undefined });
    assert.deepEqual(
      counts(view),
      nodes.map(() => placesAtOnce / nodes.length + 2),
    );
  });
});
