import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { registerNodes } from '../../../../src/manager/dispatcher/register-node.ts';
import { nodeLoss } from '../../../../src/manager/orchestrators/node-loss/node-loss.ts';
import { beginUpdate } from '../../../../src/manager/orchestrators/update/update-status.ts';
import { scheduler } from '../../../../src/manager/scheduler/scheduler.ts';
import type { Change } from '../../../../src/manager/store/change.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type {
  ModelObject,
  NodeObject,
  ServiceObject,
  TaskObject,
  VolumeObject,
} from '../../../../src/model/objects.ts';
import { defaultUpdate } from '../../../../src/model/deploy-spec.ts';
import { wantRestarted, wantStopped } from '../../../../src/manager/tasks/task-intents.ts';
import { exitedStatus, nodeObject, serviceObject, taskObject } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec } from '../../../fixtures/specs.ts';

const now = '2026-01-01T00:01:00.000Z';

/** The stored state, changed step by step by the real loops. */
class Cluster {
  readonly view = new ObjectIndex();

  constructor(...objects: readonly ModelObject[]) {
    this.view.apply(objects.map((after) => ({ before: null, after })));
  }

  write(changes: readonly Change[]): void {
    for (const { type, object } of changes) {
      const before = this.view.get(object.kind, object.id) ?? null;
      this.view.apply([{ before, after: type === 'put' ? { ...object, version: object.version + 1 } : null }]);
    }
  }

  lose(id: string): void {
    const node = this.view.get('node', id);
    assert.ok(node !== undefined);
    const lost: NodeObject = { ...node, state: 'down', stateSince: now };
    this.view.apply([{ before: node, after: lost }]);
    this.write(nodeLoss.reconcile(this.view, new Set(nodeLoss.concerns({ before: node, after: lost })), now));
  }

  return(id: string): void {
    const node = this.view.get('node', id);
    assert.ok(node !== undefined);
    const known = { tunnelKey: '', tunnelPort: 0, knownTerm: '', knownRevision: 0, storeRevision: 0 };
    const said = { id, description: node.description, role: null, address: '', ...known };
    this.write(registerNodes(this.view, [said], now).changes);
  }

  /** Addresses are given at once, then nodes. */
  place(): void {
    for (const task of this.view.waitingTasks('new')) {
      this.write([{ type: 'put', object: { ...task, status: { ...task.status, state: 'pending' } } }]);
    }
    this.write(scheduler.reconcile(this.view, new Set(['placement']), now).changes);
  }

  /** `name@node desired` of every task. */
  get tasks(): readonly string[] {
    return this.view
      .all('task')
      .map(({ containerName, nodeId, desired }) => `${containerName}@${nodeId ?? '?'} ${desired}`)
      .sort();
  }

  task(nodeId: string | null): TaskObject {
    const found = this.view.all('task').find((task) => task.nodeId === nodeId);
    assert.ok(found !== undefined);
    return found;
  }
}

const nodes = ['a', 'b'].map((id) => nodeObject({ id, hostname: id }));
const service = (name: string, spec = serviceSpec(name)): ServiceObject => serviceObject(name, { spec });
const web = (overrides: Partial<TaskObject> = {}): TaskObject => taskObject('web', { nodeId: 'a', ...overrides });
const data: VolumeObject = {
  ...nodeObject(),
  kind: 'volume',
  id: 'v',
  stack: 'p',
  key: 'data',
  name: 'p_data',
  spec: { name: 'p_data', external: false, labels: {}, filesystem: null },
  anonymousOf: null,
  nodeId: 'a',
  removing: false,
};
const mount = { type: 'volume', target: '/d', readOnly: false, noCopy: false, subpath: null, labels: {} } as const;

describe('a node that is lost', () => {
  it('has its replicas placed elsewhere at once, in their slots and whatever their restart policy', () => {
    const cluster = new Cluster(...nodes, service('web'), web(), web({ id: 'x', slot: 2, nodeId: 'b' }));
    cluster.lose('a');
    cluster.place();
    assert.deepEqual(cluster.tasks, ['p-web-1@a remove', 'p-web-1@b running', 'p-web-2@b running']);
    const replacement = cluster.view.all('task').find(({ history }) => history.length > 0);
    assert.deepEqual(
      [replacement?.slot, replacement?.history.map(({ id, message }) => [id, message])],
      [1, [['p-web-1', 'node a is down']]],
    );
  });

  it('and another one lost with it: of a slot with two containers, one has a successor, in whatever order they are looked at', () => {
    const update = beginUpdate(defaultUpdate, 1, now);
    const rollout = { update: update.startedAt, replaces: 'p-web-1', order: 'start-first', upSince: null } as const;
    const newcomer = web({ id: 'x', containerName: 'p-web-1-next', nodeId: 'b', rollout });
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const down = nodes.map((node): NodeObject => ({ ...node, state: 'down' }));
      const cluster = new Cluster(...down, { ...service('web'), update }, web(), newcomer);
      cluster.write(nodeLoss.reconcile(cluster.view, new Set(order), now));
      assert.deepEqual(cluster.tasks, ['p-web-1-next@? running', 'p-web-1-next@b remove', 'p-web-1@a remove']);
      assert.deepEqual(
        cluster.task(null).history.map(({ id, message }) => [id, message]),
        [['x', 'node b is down']],
      );
    }
  });

  it('has the heirs in a service looked for once, however many of its containers are lost', () => {
    const update = beginUpdate(defaultUpdate, 1, now);
    const tasks = Array.from({ length: 50 }, (_, index) => web({ id: `t${index}`, slot: index + 1 }));
    const cluster = new Cluster(...nodes, { ...service('web'), update }, ...tasks);
    const counted = mock.method(cluster.view, 'tasksOfService');
    cluster.lose('a');
    assert.equal(cluster.view.all('task').length, 100);
    assert.equal(counted.mock.callCount(), 1);
  });

  it('is dealt with once, also by a manager that has only just started', () => {
    const cluster = new Cluster({ ...nodes[0], state: 'down' } as NodeObject, service('web'), web());
    const pass = (): readonly Change[] =>
      nodeLoss.reconcile(cluster.view, new Set(nodeLoss.everything(cluster.view)), now);
    cluster.write(pass());
    assert.equal(cluster.tasks.length, 2);
    assert.deepEqual(pass(), []);
  });

  it('keeps what had ended, what was stopped, one-offs, and what has its place there', () => {
    const kept = [
      web({ status: exitedStatus(0) }),
      web({ slot: 2, id: '2', desired: 'stopped' }),
      web({ slot: 3, id: '3', oneOff: { autoRemove: false, useAliases: false } }),
      web({ slot: 4, id: '4', pinnedNode: 'a' }),
    ];
    const cluster = new Cluster(...nodes, service('web'), ...kept);
    cluster.lose('a');
    assert.equal(cluster.tasks.filter((text) => text.endsWith('remove')).length, 0);
    assert.equal(cluster.tasks.length, kept.length);
  });

  it('leaves a container with its volume pending, which says so, and takes it back as it was', () => {
    const spec = serviceSpec('web', { container: containerSpec({ mounts: [{ ...mount, volume: 'data' }] }) });
    const cluster = new Cluster(...nodes, data, service('web', spec), web({ spec }));
    const before = cluster.task('a');
    cluster.lose('a');
    cluster.place();
    assert.deepEqual(cluster.tasks, ['p-web-1@? running', 'p-web-1@a remove']);
    assert.equal(
      cluster.task(null).status.message,
      'no suitable node: of 2, 1 not ready (down), 1 without volume p_data',
    );
    cluster.return('a');
    assert.deepEqual(cluster.tasks, ['p-web-1@a running']);
    assert.deepEqual({ ...cluster.task('a'), version: before.version }, before);
  });

  for (const [wish, want, expected] of [
    ['stopped', (task: TaskObject) => wantStopped(task, null), { desired: 'stopped', desiredRun: 1 }],
    ['restarted', (task: TaskObject) => wantRestarted(task, null), { desired: 'running', desiredRun: 2 }],
  ] as const) {
    it(`does with what it has what was asked for meanwhile: ${wish}`, () => {
      const spec = serviceSpec('web', { container: containerSpec({ mounts: [{ ...mount, volume: 'data' }] }) });
      const cluster = new Cluster(...nodes, data, service('web', spec), web({ spec }));
      cluster.lose('a');
      cluster.place();
      cluster.write([{ type: 'put', object: want(cluster.task(null)) }]);
      cluster.return('a');
      const { desired, desiredRun } = cluster.task('a');
      assert.deepEqual({ desired, desiredRun }, expected);
    });
  }

  it('has its duplicates told to go when it returns', () => {
    const cluster = new Cluster(...nodes, service('web'), web());
    cluster.lose('a');
    cluster.place();
    cluster.return('a');
    assert.deepEqual(cluster.tasks, ['p-web-1@a remove', 'p-web-1@b running']);
  });

  it('keeps anonymous volumes without an owner, and the container gets new ones elsewhere', () => {
    const spec = serviceSpec('web', { container: containerSpec({ mounts: [{ ...mount, volume: null }] }) });
    const anonymous: VolumeObject = { ...data, id: 'anon', name: 'anon', key: '/d', anonymousOf: 'web/1/d' };
    const cluster = new Cluster(...nodes, anonymous, service('web', spec), web({ spec }));
    cluster.lose('a');
    cluster.place();
    assert.deepEqual(cluster.tasks, ['p-web-1@a remove', 'p-web-1@b running']);
    const volumes = cluster.view.all('volume').map(({ nodeId, stack, anonymousOf }) => [nodeId, stack, anonymousOf]);
    assert.deepEqual(volumes, [
      ['a', null, null],
      ['b', 'p', 'web/1/d'],
    ]);
  });

  it('moves those who share namespaces together', () => {
    const spec = serviceSpec('side', { networkMode: { kind: 'service', service: 'web' }, networks: [] });
    const side = taskObject('side', {
      nodeId: 'a',
      spec,
      sharedTasks: { network: 'p-web-1', pid: null, ipc: null, volumes: [] },
    });
    const cluster = new Cluster(...nodes, service('web'), service('side', spec), side, web());
    cluster.lose('a');
    cluster.place();
    const moved = cluster.view.tasksOfNode('b');
    assert.equal(moved.length, 2);
    const owner = moved.find((task) => task.service === 'web');
    assert.equal(moved.find((task) => task.service === 'side')?.sharedTasks.network, owner?.id);
  });

  it('has nothing placed anew of services that are no more', () => {
    const cluster = new Cluster(...nodes, web());
    cluster.lose('a');
    assert.deepEqual(cluster.tasks, ['p-web-1@a remove']);
  });
});
