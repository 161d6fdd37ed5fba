import assert from 'node:assert/strict';
import { constraintEnforcer } from '../../../../src/manager/orchestrators/constraint-enforcer/constraint-enforcer.ts';
import type { Change } from '../../../../src/manager/store/change.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { DeploySpec } from '../../../../src/model/deploy-spec.ts';
import type { ModelObject, NodeObject, ServiceObject, TaskObject } from '../../../../src/model/objects.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { exitedStatus, networkObject, nodeObject, serviceObject, taskObject } from '../../../fixtures/objects.ts';
import { containerSpec, deploySpec, serviceSpec } from '../../../fixtures/specs.ts';

const now = '2026-01-01T00:01:00.000Z';

function enforce(...objects: readonly ModelObject[]): readonly Change[] {
  const view = new ObjectIndex();
  view.apply(objects.map((after) => ({ before: null, after })));
  return constraintEnforcer.reconcile(view, new Set(constraintEnforcer.everything(view)), now);
}

/** `name: desired` of old tasks, `name: new, REASON` of new ones, and updates of services. */
function describeChanges(changes: readonly Change[]): readonly string[] {
  return changes.map(({ object }) => {
    if (object.kind === 'service') return `${object.name}: update of ${object.update?.total ?? 0}`;
    assert.equal(object.kind, 'task');
    const task = object;
    if (task.version > 0) return `${task.containerName}: ${task.forceCount === -1 ? 'outdated' : task.desired}`;
    return `${task.containerName}: new, ${task.history.at(-1)?.message ?? ''}`;
  });
}

const node = (overrides: Partial<NodeObject> = {}): NodeObject => nodeObject({ id: 'n1', hostname: 'a', ...overrides });
const web = (overrides: Partial<TaskObject> = {}): TaskObject => taskObject('web', overrides);
const service = (deploy: Partial<DeploySpec> = {}, overrides: Partial<ServiceObject> = {}): ServiceObject =>
  serviceObject('web', { spec: serviceSpec('web', { deploy: deploySpec(deploy) }), ...overrides });
const update = {
  parallelism: 1,
  delayMs: 0,
  monitorMs: 5000,
  maxFailureRatio: 0,
  failureAction: 'pause',
  order: 'start-first',
} as const;

describe('a node that is drained', () => {
  const drained = node({ availability: 'drain' });

  it('has its tasks moved to others', () => {
    assert.deepEqual(describeChanges(enforce(drained, service(), web(), web({ id: '2', slot: 2, nodeId: 'other' }))), [
      'p-web-1: outdated',
      'web: update of 1',
    ]);
  });

  it('has those replaced at once of which two cannot be there for a moment', () => {
    const volume = { type: 'volume', volume: null, target: '/d', readOnly: false, noCopy: false } as const;
    const mounts = [{ ...volume, subpath: null, labels: {} }];
    const spec = serviceSpec('web', { container: containerSpec({ mounts }) });
    const own = { ...service(), spec };
    assert.deepEqual(describeChanges(enforce(drained, own, web({ spec }))), [
      'p-web-1: remove',
      'p-web-1: new, node a is drained',
    ]);
  });

  it('keeps what has ended, one-offs, and what global services have there, and is then left alone', () => {
    const kept = [
      web({ status: exitedStatus(0) }),
      web({ id: '2', slot: 2, oneOff: { autoRemove: false, useAliases: false } }),
      web({ id: '3', slot: 3, pinnedNode: 'n1' }),
      web({ id: '4', slot: 4, desired: 'remove' }),
    ];
    assert.deepEqual(enforce(drained, service(), ...kept), []);
  });

  it('loses the tasks of a service with update settings as these say', () => {
    const tasks = [web(), web({ id: '2', slot: 2 })];
    assert.deepEqual(describeChanges(enforce(drained, service({ update: { ...update } }), ...tasks)), [
      'p-web-1: outdated',
      'p-web-2: outdated',
      'web: update of 2',
    ]);
    const outdated = tasks.map((task) => ({ ...task, forceCount: -1 }));
    assert.deepEqual(enforce(drained, service({ update: { ...update } }), ...outdated), [], 'only once');
  });
});

describe('a node that changes', () => {
  const placement = { spread: [], maxReplicasPerNode: null, architecture: null };
  const disk = { key: 'node.labels.disk', operator: '==', value: 'ssd' } as const;
  const constrained = service({ placement: { ...placement, constraints: [disk] } });

  it('loses the tasks whose constraints it does not meet any more, with the reason', () => {
    assert.deepEqual(enforce(node({ labels: { disk: 'ssd' } }), constrained, web()), []);
    assert.deepEqual(describeChanges(enforce(node(), constrained, web())), ['p-web-1: outdated', 'web: update of 1']);
    const ready = web({ status: { ...web().status, state: 'pending' }, desired: 'ready' });
    assert.deepEqual(describeChanges(enforce(node(), constrained, ready)), [
      'p-web-1: remove',
      'p-web-1: new, node a is not as the constraint node.labels.disk == ssd wants any more',
    ]);
  });

  it('keeps them while it is paused or not heard of', () => {
    assert.deepEqual(enforce(node({ availability: 'pause' }), constrained, web()), []);
    assert.deepEqual(enforce(node({ state: 'unknown' }), constrained, web()), []);
  });

  it('loses the youngest tasks when there is less than was reserved', () => {
    const deploy = { reservations: { cpus: 1, memoryBytes: null, generic: {} } };
    const spec = serviceSpec('web', { deploy: deploySpec(deploy) });
    const tasks = [1, 2, 3].map((slot) => web({ id: `${slot}`, slot, spec, createdAt: `2026-01-01T00:00:0${slot}Z` }));
    const small = node({ description: { ...node().description, cpus: 2 } });
    assert.deepEqual(describeChanges(enforce(small, service(deploy), ...tasks)), [
      'p-web-3: outdated',
      'web: update of 1',
    ]);
  });

  it('loses those on encrypted networks when it cannot encrypt, also what it has refused for that', () => {
    const spec = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
    const attachment = { network: 'default', addresses: [], gateways: [], mac: '', aliases: [] };
    const attachments = [{ networkId: 'net1', ...attachment }];
    const { description } = node();
    const kernelFeatures = { ...description.kernelFeatures, 'ipsec-esp': 'missing' } as const;
    const unable = node({ description: { ...description, kernelFeatures } });
    const status = { ...web().status, state: 'rejected' } as const;
    const tasks = [
      web({ attachments }),
      web({ id: '2', slot: 2, attachments, status }),
      web({ id: '3', slot: 3, status }),
    ];
    const both = [nodeObject({ id: 'n2' }), networkObject({ spec }), service(), ...tasks];
    assert.deepEqual(enforce(node(), ...both), []);
    assert.deepEqual(describeChanges(enforce(unable, ...both)), [
      'p-web-1: outdated',
      'web: update of 1',
      'p-web-2: remove',
      'p-web-2: new, node a cannot encrypt what goes to other nodes',
    ]);
  });
});
