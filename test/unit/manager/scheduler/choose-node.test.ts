import assert from 'node:assert/strict';
import { chooseNode } from '../../../../src/manager/scheduler/choose-node.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { DeploySpec } from '../../../../src/model/deploy-spec.ts';
import type { ModelObject, NodeObject, TaskObject, VolumeObject } from '../../../../src/model/objects.ts';
import { nodeObject, taskObject } from '../../../fixtures/objects.ts';
import { containerSpec, deploySpec, serviceSpec } from '../../../fixtures/specs.ts';

function choose(
  objects: readonly ModelObject[],
  task: TaskObject,
  loads: Readonly<Record<string, number>> = {},
): string {
  const index = new ObjectIndex();
  index.apply(objects.map((after) => ({ before: null, after })));
  const result = chooseNode(index, task, ({ id }) => loads[id] ?? 0);
  return 'reason' in result ? result.reason : result.id;
}

const node = (id: string, overrides: Partial<NodeObject> = {}): NodeObject =>
  nodeObject({ id, hostname: id, ...overrides });
const task = taskObject('web', { nodeId: null });

describe('the choice of a node', () => {
  it('takes the one with the fewest tasks, and the same one every time', () => {
    assert.equal(choose([node('a'), node('b')], task, { a: 2, b: 1 }), 'b');
    assert.equal(choose([node('b'), node('a')], task), 'a');
  });

  it('says why none will do', () => {
    assert.equal(choose([], task), 'no node has joined yet');
    const nodes = [node('a', { state: 'down' }), node('b', { availability: 'drain' }), node('c', { state: 'down' })];
    assert.equal(choose(nodes, task), 'no suitable node: of 3, 2 not ready (down), 1 closed for new tasks (drain)');
  });

  it('goes where the volume is', () => {
    const volume: VolumeObject = {
      ...node('x'),
      kind: 'volume',
      id: 'v',
      stack: 'p',
      key: 'data',
      name: 'p_data',
      spec: { name: 'p_data', external: false, labels: {}, filesystem: null },
      anonymousOf: null,
      nodeId: 'b',
      removing: false,
    };
    const mount = {
      type: 'volume',
      volume: 'data',
      target: '/d',
      readOnly: false,
      noCopy: false,
      subpath: null,
      labels: {},
    } as const;
    const using = taskObject('web', { spec: serviceSpec('web', { container: containerSpec({ mounts: [mount] }) }) });
    assert.equal(choose([node('a'), node('b'), volume], using), 'b');
    assert.equal(choose([node('a'), volume], using), 'no suitable node: of 1, 1 without volume p_data');
    assert.equal(choose([node('a'), node('b'), { ...volume, nodeId: '' }], using), 'a');
  });

  const deployed = (deploy: Partial<DeploySpec>): TaskObject =>
    taskObject('web', { id: 'new', slot: 9, nodeId: null, spec: serviceSpec('web', { deploy: deploySpec(deploy) }) });
  const placement = { constraints: [], spread: [], maxReplicasPerNode: null };

  it('goes where every constraint holds', () => {
    const constrained = (key: string, operator: '==' | '!=', value: string): string =>
      choose(
        [node('a'), node('b')],
        deployed({ placement: { ...placement, constraints: [{ key, operator, value }] } }),
      );
    assert.equal(constrained('node.hostname', '==', 'B'), 'b');
    assert.equal(constrained('node.id', '!=', 'a'), 'b');
    assert.equal(constrained('node.role', '==', 'manager'), 'a');
    assert.equal(constrained('node.labels.disk', '!=', 'slow'), 'a');
    assert.equal(
      constrained('node.labels.disk', '==', 'slow'),
      'no suitable node: of 2, 2 not as the constraint node.labels.disk == slow wants',
    );
  });

  it('goes where there is room for one more of the service', () => {
    const limited = deployed({ placement: { ...placement, maxReplicasPerNode: 1 } });
    const there = taskObject('web', { nodeId: 'a' });
    assert.equal(choose([node('a'), node('b'), there], limited), 'b');
    assert.match(choose([node('a'), there], limited), /1 with max_replicas_per_node \(1\) of the service on it/);
  });

  it('goes where nobody else has reserved what it reserves', () => {
    const reserving = (cpus: number | null, memoryBytes: number | null, generic = {}): Partial<DeploySpec> => ({
      reservations: { cpus, memoryBytes, generic },
    });
    const { cpus, memoryBytes } = node('a').description;
    const holder = taskObject('db', {
      nodeId: 'a',
      spec: serviceSpec('db', { deploy: deploySpec(reserving(cpus, 1)) }),
    });
    const nodes = [node('a'), node('b'), holder];
    assert.equal(choose(nodes, deployed(reserving(0.5, null))), 'b');
    assert.equal(choose(nodes, deployed(reserving(null, memoryBytes))), 'b');
    assert.equal(choose(nodes, deployed(reserving(null, memoryBytes - 1))), 'a');
    assert.match(
      choose(nodes, deployed(reserving(null, null, { fpga: 2 }))),
      /2 without 2 of the generic resource fpga/,
    );
  });

  it('goes where the owner of the network namespace is', () => {
    const owner = taskObject('db', { nodeId: 'b' });
    const sharing = { ...task, sharedTasks: { ...task.sharedTasks, network: owner.id } };
    assert.equal(choose([node('a'), node('b'), owner], sharing), 'b');
  });
});
