import assert from 'node:assert/strict';
import { removeNode } from '../../../../src/manager/nodes/remove-node.ts';
import { wantedRole } from '../../../../src/manager/nodes/node-role.ts';
import { updateNode } from '../../../../src/manager/nodes/update-node.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import { objectTemplates } from '../../../../src/model/object-templates.ts';
import type {
  ClusterObject,
  ModelObject,
  NodeObject,
  TaskObject,
  VolumeObject,
} from '../../../../src/model/objects.ts';
import type { UpdateNodeRequest } from '../../../../src/rpc/messages.ts';
import { nodeObject, serviceObject, taskObject } from '../../../fixtures/objects.ts';

const now = '2026-01-01T00:01:00.000Z';

function viewOf(...objects: readonly ModelObject[]): ObjectIndex {
  const view = new ObjectIndex();
  view.apply(objects.map((after) => ({ before: null, after })));
  return view;
}

const node = (id: string, overrides: Partial<NodeObject> = {}): NodeObject =>
  nodeObject({ id, hostname: `host-${id}`, ...overrides });

describe('a change of a node', () => {
  const request = { node: 'host-aa', addLabels: {}, removeLabels: [], availability: '', role: '' };
  const change = (given: Partial<UpdateNodeRequest>, ...nodes: readonly NodeObject[]): NodeObject | undefined => {
    const { changes } = updateNode(viewOf(...nodes), { ...request, ...given }, { isManaged: true, now: new Date(now) });
    return changes[0]?.object as NodeObject | undefined;
  };

  it('adds and removes labels, and changes its availability', () => {
    const before = node('aa', { labels: { disk: 'ssd', zone: 'x' } });
    const after = change(
      { addLabels: { zone: 'y', rack: '1' }, removeLabels: ['disk'], availability: 'pause' },
      before,
    );
    assert.deepEqual([after?.labels, after?.availability], [{ zone: 'y', rack: '1' }, 'pause']);
    assert.equal(change({ addLabels: { disk: 'ssd' }, availability: 'active' }, before), undefined, 'nothing to write');
    assert.throws(() => change({ removeLabels: ['speed'] }, before), /node host-aa has no label speed/);
    assert.throws(() => change({ availability: 'sleep' }, before), /a node cannot be sleep/);
  });

  it('finds it by its name, its id, or the beginning of that, if there is one alone', () => {
    const drain = { availability: 'drain' };
    assert.equal(change({ ...drain, node: 'ab' }, node('aa'), node('abc'))?.id, 'abc');
    assert.throws(() => change({ ...drain, node: 'a' }, node('aa'), node('ab')), /2 nodes are called a/);
    assert.throws(() => change({ ...drain, node: 'b' }, node('aa')), { code: 'not-found' });
  });
});

describe('another role of a node', () => {
  const cluster = objectTemplates.cluster;
  const manager = (id: string, overrides: Partial<NodeObject> = {}): NodeObject =>
    node(id, { managerAddress: `10.0.0.1${id.length}:2377`, ...overrides });
  const change = (role: string, ...nodes: readonly NodeObject[]): readonly ModelObject[] =>
    updateNode(
      viewOf(cluster, ...nodes),
      { node: nodes[0]?.id ?? '', addLabels: {}, removeLabels: [], availability: '', role },
      { isManaged: true, now: new Date(now) },
    ).changes.flatMap(({ type, object }) => (type === 'put' ? [object] : []));

  it('is asked for, and taken by its daemon', () => {
    const [asked] = change('manager', node('w', { role: 'worker' }), manager('a'));
    assert.deepEqual((asked as NodeObject).roleChange, { to: 'manager', problem: '' });
    assert.equal((asked as NodeObject).role, 'worker');
    assert.equal(wantedRole(asked as NodeObject), 'manager');
    const failed = node('w', { role: 'worker', roleChange: { to: 'manager', problem: 'no etcd' } });
    assert.equal(wantedRole(failed), 'worker', 'it does not try again by itself');
    const [again] = change('manager', failed, manager('a'));
    assert.equal(wantedRole(again as NodeObject), 'manager');
    const [back] = change('worker', failed, manager('a'));
    assert.equal((back as NodeObject).roleChange, null);
  });

  it('is refused to who is needed as a manager', () => {
    assert.throws(() => change('worker', manager('a'), node('w', { role: 'worker' })), /would have no manager/);
    const leaving = manager('aa', { roleChange: { to: 'worker', problem: '' } });
    assert.throws(() => change('worker', manager('a'), leaving), /would have no manager/, 'two at once');
    assert.throws(
      () => change('worker', manager('a'), manager('aa'), manager('aaa', { state: 'down' })),
      /demote the manager host-a: .* since host-aaa is not up/,
    );
    assert.throws(() => change('worker', manager('a'), manager('aa', { state: 'unknown' })), {
      message: /it is not known yet which managers are up/,
      retryable: true,
    });
    assert.throws(() => change('boss', manager('a')), /"boss" is no role of a node/);
  });

  it('is that of a lost manager at once, whose certificates etcd refuses from then on', () => {
    const managerSerials = { ab01: '2027-01-01T00:00:00Z', ab00: '2025-01-01T00:00:00Z' };
    const changed = change('worker', manager('a', { state: 'down', managerSerials }), manager('aa'));
    const found = changed.find(({ kind }) => kind === 'node') as NodeObject;
    assert.deepEqual([found.role, found.managerAddress, found.managerSerials], ['worker', '', {}]);
    const { revokedSerials } = changed.find(({ kind }) => kind === 'cluster') as ClusterObject;
    assert.deepEqual(revokedSerials, { ab01: '2027-01-01T00:00:00Z' });
  });
});

describe('the removal of a node', () => {
  const down = node('aa', { state: 'down' });
  const web = taskObject('web', { nodeId: 'aa' });
  const data: VolumeObject = {
    ...node('x'),
    kind: 'volume',
    id: 'v',
    stack: 'p',
    key: 'data',
    name: 'p_data',
    spec: { name: 'p_data', external: false, labels: {}, filesystem: null },
    anonymousOf: null,
    nodeId: 'aa',
    removing: false,
  };
  const context = { ownNodeId: () => 'own', isManaged: false, now };
  const remove = (force: boolean, ...objects: readonly ModelObject[]): readonly string[] => {
    const { changes } = removeNode(viewOf(...objects), { node: 'aa', force }, context);
    return changes
      .map(({ type, object }) => `${type} ${object.kind} ${object.version === 0 ? 'new' : object.id}`)
      .sort();
  };

  it('is refused while it is up or has data, unless that is forced', () => {
    assert.throws(() => remove(false, node('aa')), /remove node host-aa: it is up/);
    assert.throws(() => remove(false, down, data), /these volumes are only there: p_data/);
    assert.deepEqual(remove(true, node('aa'), data), ['delete node aa', 'delete volume v']);
    assert.throws(() => removeNode(viewOf(node('own')), { node: 'own', force: true }, context), {
      message: /it is the manager that leads/,
      hint: /`tsstack cluster leave` on host-own/,
    });
  });

  it('takes what was on it along: what still has to run gets a place elsewhere', () => {
    const leaving: TaskObject = { ...web, id: 'old', desired: 'remove' };
    assert.deepEqual(remove(false, down, leaving), ['delete node aa', 'delete task old']);
    assert.deepEqual(remove(true, node('aa'), serviceObject('web'), web), [
      'delete node aa',
      'delete task p-web-1',
      'put task new',
    ]);
  });
});
