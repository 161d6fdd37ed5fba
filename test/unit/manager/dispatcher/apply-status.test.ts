import assert from 'node:assert/strict';
import { applyReports, readReports } from '../../../../src/manager/dispatcher/apply-status.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { ModelObject, TaskObject, VolumeObject } from '../../../../src/model/objects.ts';
import { taskObject, taskStatus } from '../../../fixtures/objects.ts';

function indexOf(...objects: readonly ModelObject[]): ObjectIndex {
  const index = new ObjectIndex();
  index.apply(objects.map((after) => ({ before: null, after })));
  return index;
}

const report = (status: Parameters<typeof taskStatus>[0] | null, removed = false) =>
  [{ taskId: 'p-web-1', status: status === null ? null : taskStatus(status), removed }] as const;
const web = (overrides: Partial<TaskObject> = {}): TaskObject => taskObject('web', overrides);

describe('a reported state', () => {
  it('is stored when it is news', () => {
    const [change] = applyReports(indexOf(web()), report({ state: 'complete' }));
    assert.equal(change?.object.kind === 'task' && change.object.status.state, 'complete');
  });

  it('changes nothing when it is stored already, goes back, or is about a task that is gone', () => {
    assert.deepEqual(applyReports(indexOf(web()), report({})), []);
    assert.deepEqual(applyReports(indexOf(web()), report({ state: 'ready' })), []);
    assert.deepEqual(applyReports(indexOf(web({ status: taskStatus({ run: 2 }) })), report({ state: 'failed' })), []);
    assert.deepEqual(applyReports(indexOf(), report({})), []);
  });

  it('may begin again in the next run', () => {
    const ended = web({ status: taskStatus({ state: 'complete' }) });
    assert.equal(applyReports(indexOf(ended), report({ run: 2, state: 'ready' })).length, 1);
  });

  it('deletes the task when it was to be removed, and only then', () => {
    assert.deepEqual(
      applyReports(indexOf(web({ desired: 'remove' })), report(null, true)).map(({ type }) => type),
      ['delete'],
    );
    assert.deepEqual(applyReports(indexOf(web()), report(null, true)), []);
  });
});

describe('the anonymous volumes of a removed task', () => {
  const volume: VolumeObject = {
    id: 'v',
    version: 1,
    createdAt: '',
    updatedAt: '',
    kind: 'volume',
    stack: 'p',
    key: '/data',
    name: 'v',
    spec: { name: 'v', external: false, labels: {}, filesystem: null },
    anonymousOf: 'web/1/data',
    nodeId: 'n1',
    removing: false,
  };
  const removal = (...objects: readonly ModelObject[]): readonly string[] =>
    applyReports(indexOf(volume, ...objects), report(null, true)).map(({ type, object }) =>
      type === 'put' && object.kind === 'volume' ? `keep ${object.id} of ${object.stack}` : `${type} ${object.id}`,
    );

  it('go with it when that was asked for', () => {
    assert.deepEqual(removal(web({ desired: 'remove', removeVolumes: true })), ['delete p-web-1', 'delete v']);
  });

  it('pass to the task that follows in the slot', () => {
    assert.deepEqual(removal(web({ desired: 'remove' }), web({ id: 'next' })), ['delete p-web-1']);
  });

  it('outlive it without an owner otherwise', () => {
    assert.deepEqual(removal(web({ desired: 'remove' })), ['keep v of null', 'delete p-web-1']);
    assert.deepEqual(removal(web({ desired: 'remove' }), web({ id: 'p-web-2', slot: 2 })), [
      'keep v of null',
      'delete p-web-1',
    ]);
  });

  it('are not those of another slot', () => {
    const other = { ...volume, anonymousOf: 'web/11/data' };
    const changes = applyReports(indexOf(other, web({ desired: 'remove', removeVolumes: true })), report(null, true));
    assert.deepEqual(
      changes.map(({ object }) => object.id),
      ['p-web-1'],
    );
  });
});

describe('a batch of reports', () => {
  const update = { taskId: 'p-web-1', status: JSON.stringify(taskStatus()), removed: false };

  it('counts without what is said of another node’s task, and without what is malformed', () => {
    assert.deepEqual(readReports(indexOf(web()), 'n1', [update]), {
      reports: [{ taskId: 'p-web-1', status: taskStatus(), removed: false }],
      refusal: null,
    });
    const foreign = readReports(indexOf(web()), 'n2', [update]);
    assert.deepEqual([foreign.reports, foreign.refusal?.code], [[], 'permission']);
    for (const status of ['{', '{}', JSON.stringify({ ...taskStatus(), state: 'flying' })]) {
      const { reports, refusal } = readReports(indexOf(web()), 'n1', [{ ...update, status }, update]);
      assert.deepEqual([reports.length, refusal?.code], [1, 'invalid']);
    }
  });
});
