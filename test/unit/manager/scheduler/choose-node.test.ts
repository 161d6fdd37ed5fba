import assert from 'node:assert/strict';
import { chooseNode } from '../../../../src/manager/scheduler/choose-node.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { ModelObject, NodeObject, TaskObject, VolumeObject } from '../../../../src/model/objects.ts';
import { nodeObject, taskObject } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec } from '../../../fixtures/specs.ts';

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

  it('goes where the owner of the network namespace is', () => {
    const owner = taskObject('db', { nodeId: 'b' });
    const sharing = { ...task, sharedTasks: { ...task.sharedTasks, network: owner.id } };
    assert.equal(choose([node('a'), node('b'), owner], sharing), 'b');
  });
});
