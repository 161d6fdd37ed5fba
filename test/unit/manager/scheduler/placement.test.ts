import assert from 'node:assert/strict';
import { Placement, takeGenericResources } from '../../../../src/manager/scheduler/placement.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { DeploySpec } from '../../../../src/model/deploy-spec.ts';
import type { ModelObject, NodeObject, TaskObject, VolumeObject } from '../../../../src/model/objects.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { exitedStatus, networkObject, nodeObject, taskObject } from '../../../fixtures/objects.ts';
import { containerSpec, deploySpec, serviceSpec } from '../../../fixtures/specs.ts';

const now = '2026-01-01T00:10:00.000Z';

function placementOn(objects: readonly ModelObject[]): (task: TaskObject) => string {
  const index = new ObjectIndex();
  index.apply(objects.map((after) => ({ before: null, after })));
  const placement = new Placement(index, now);
  return (wanted) => {
    const choice = placement.choose(wanted, index);
    if ('reason' in choice) return choice.reason;
    choice.add({ ...wanted, nodeId: choice.node.id, genericResources: takeGenericResources(wanted, choice) });
    return choice.node.id;
  };
}

/** Where the task goes, or why nowhere. */
function choose(objects: readonly ModelObject[], wanted: TaskObject): string {
  return placementOn(objects)(wanted);
}

/** Where so many replicas go, one after the other. */
function chooseMany(objects: readonly ModelObject[], wanted: TaskObject, count: number): readonly string[] {
  const place = placementOn(objects);
  return Array.from({ length: count }, (_, index) => place({ ...wanted, id: `new-${index}`, slot: 100 + index }));
}

const node = (id: string, overrides: Partial<NodeObject> = {}): NodeObject =>
  nodeObject({ id, hostname: id, ...overrides });
const task = taskObject('web', { nodeId: null });

describe('the choice of a node', () => {
  it('takes the one with the fewest tasks, and the same one every time', () => {
    const others = [taskObject('db', { nodeId: 'a' }), taskObject('db', { nodeId: 'a', slot: 2 })];
    const own = taskObject('web', { nodeId: 'b', slot: 7 });
    assert.equal(choose([node('a'), node('b'), ...others, taskObject('x', { nodeId: 'b' })], task), 'b');
    assert.equal(choose([node('a'), node('b'), ...others, own], task), 'a', 'fewest of the service count first');
    assert.equal(choose([node('b'), node('a')], task), 'a');
    assert.deepEqual(chooseMany([node('b'), node('c'), node('a')], task, 5), ['a', 'b', 'c', 'a', 'b']);
  });

  it('keeps a service spread when new containers are there before the old ones go', () => {
    const nodes = [node('a'), node('b'), node('c')];
    const old = (slot: number, nodeId: string): TaskObject => taskObject('web', { slot, nodeId });
    const successorOf = (replaced: TaskObject): TaskObject => {
      const rollout = { update: '', replaces: replaced.id, order: 'start-first', upSince: null } as const;
      return taskObject('web', { id: 'new', slot: replaced.slot, nodeId: null, rollout });
    };
    const even = [old(1, 'a'), old(2, 'b'), old(3, 'c')];
    assert.deepEqual(
      even.map((one) => choose([...nodes, ...even], successorOf(one))),
      ['a', 'b', 'c'],
    );
    const uneven = [old(1, 'a'), old(2, 'a'), old(3, 'b')];
    assert.equal(choose([...nodes, ...uneven], successorOf(old(1, 'a'))), 'c');
  });

  it('says why none will do', () => {
    assert.equal(choose([], task), 'no node has joined yet');
    const nodes = [node('a', { availability: 'drain' }), node('b', { state: 'down' }), node('c', { state: 'down' })];
    assert.equal(choose(nodes, task), 'no suitable node: of 3, 2 not ready (down), 1 closed for new tasks (drain)');
  });

  it('goes where storage can be limited', () => {
    const description = { ...nodeObject().description, limitsStorage: true };
    const limited = taskObject('web', { spec: serviceSpec('web', { container: containerSpec({ storageBytes: 1 }) }) });
    assert.equal(choose([node('a'), node('b', { description })], limited), 'b');
    assert.match(choose([node('a')], limited), /without project quotas for storage_opt\.size/);
  });

  it('goes where what is to be encrypted can be, as soon as there is another node', () => {
    const spec = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
    const { description } = nodeObject();
    const kernelFeatures = { ...description.kernelFeatures, 'aes-gcm': 'missing' } as const;
    const unable = node('a', { description: { ...description, kernelFeatures } });
    const attachment = { network: 'default', addresses: [], gateways: [], mac: '', aliases: [] };
    const onNetwork = taskObject('web', { attachments: [{ networkId: 'net1', ...attachment }] });
    assert.equal(choose([unable, node('b'), networkObject({ spec })], onNetwork), 'b');
    assert.equal(choose([unable, node('b'), networkObject()], onNetwork), 'a', 'the network is not encrypted');
    assert.equal(choose([unable, networkObject({ spec })], onNetwork), 'a', 'there is nobody to send anything to');
    const all = [unable, { ...unable, id: 'b' }, networkObject({ spec })];
    assert.match(choose(all, onNetwork), /of 2, 2 without IPsec \(ESP with AES-GCM\)/);
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
  const placement = { constraints: [], spread: [], maxReplicasPerNode: null, architecture: null };

  it('goes where every constraint holds', () => {
    const constrained = (key: string, operator: '==' | '!=', value: string): string =>
      choose(
        [
          node('a', { address: '10.0.0.1' }),
          node('b', {
            address: '10.0.0.2',
            description: { ...node('b').description, architecture: 'arm64', engineLabels: { zone: 'west' } },
          }),
        ],
        deployed({ placement: { ...placement, constraints: [{ key, operator, value }] } }),
      );
    assert.equal(constrained('node.hostname', '==', 'B'), 'b');
    assert.equal(constrained('node.id', '!=', 'a'), 'b');
    assert.equal(constrained('node.role', '==', 'manager'), 'a');
    assert.equal(constrained('node.labels.disk', '!=', 'slow'), 'a');
    assert.equal(constrained('node.platform.arch', '==', 'aarch64'), 'b');
    assert.equal(constrained('engine.labels.zone', '==', 'West'), 'b');
    assert.equal(constrained('node.ip', '==', '10.0.0.2'), 'b');
    assert.equal(constrained('node.ip', '!=', '10.0.0.0/31'), 'b');
    assert.match(constrained('node.ip', '==', 'fd00::/64'), /no suitable node/);
    assert.equal(
      constrained('node.labels.disk', '==', 'slow'),
      'no suitable node: of 2, 2 not as the constraint node.labels.disk == slow wants',
    );
  });

  it('goes where the node is of the platform that the service names', () => {
    const mixed = [node('a'), node('b', { description: { ...node('b').description, architecture: 'arm64' } })];
    const built = (architecture: string): string =>
      choose(mixed, deployed({ placement: { ...placement, architecture } }));
    assert.deepEqual([built('amd64'), built('arm64')], ['a', 'b']);
    const reason =
      'no suitable node: of 2, 1 of linux/amd64 rather than linux/s390x, 1 of linux/arm64 rather than linux/s390x';
    assert.equal(built('s390x'), reason);
  });

  it('goes where there is room for one more of the service', () => {
    const limited = deployed({ placement: { ...placement, maxReplicasPerNode: 1, architecture: null } });
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
    assert.equal(choose([node('a'), holder], deployed(reserving(null, memoryBytes - 1))), 'a');
    assert.match(choose([node('a'), holder], deployed(reserving(1, null))), /1 without 1 CPUs to reserve/);
    const ended = { ...holder, status: exitedStatus(0) };
    assert.equal(choose([node('a'), ended], deployed(reserving(1, null))), 'a', 'what has ended holds nothing');
    assert.match(
      choose(nodes, deployed(reserving(null, null, { fpga: 2 }))),
      /2 without 2 of the generic resource fpga/,
    );
  });

  it('leaves the system its reserve', () => {
    const description = { ...node('a').description, cpus: 2, systemReserve: { cpus: 0.5, memoryBytes: 0 } };
    const reserving = (cpus: number): TaskObject =>
      deployed({ reservations: { cpus, memoryBytes: null, generic: {} } });
    assert.equal(choose([node('a', { description })], reserving(1.5)), 'a');
    assert.equal(
      choose([node('a', { description })], reserving(1.6)),
      'no suitable node: of 1, 1 without 1.6 CPUs to reserve',
    );
  });

  it('gives each container generic resources of its own, by name where they have names', () => {
    const description = { ...node('a').description, genericResources: { gpu: ['x', 'y', 'z'], ssd: 3 } };
    const nodes = [node('a', { description })];
    const wanted = deployed({ reservations: { cpus: null, memoryBytes: null, generic: { gpu: 1, ssd: 1 } } });
    const holder = taskObject('db', { nodeId: 'a', genericResources: { gpu: ['y'], ssd: 1 } });
    assert.match(
      chooseMany([...nodes, holder], wanted, 3).join('; '),
      /^a; a; .*1 without 1 of the generic resource gpu/,
    );
    const index = new ObjectIndex();
    index.apply([...nodes, holder].map((after) => ({ before: null, after })));
    const placement = new Placement(index, now);
    const taken = ['1', '2'].map((id) => {
      const room = placement.choose({ ...wanted, id }, index);
      assert.ok(!('reason' in room));
      const genericResources = takeGenericResources(wanted, room);
      room.add({ ...wanted, id, genericResources });
      return genericResources;
    });
    assert.deepEqual(taken, [
      { gpu: ['x'], ssd: 1 },
      { gpu: ['z'], ssd: 1 },
    ]);
  });

  it('puts a host port on each node once', () => {
    const ports = [
      { target: 80, protocol: 'tcp', mode: 'host', hostIp: null, published: { from: 8080, to: 8080 } },
    ] as const;
    const publishing = taskObject('web', { nodeId: null, spec: serviceSpec('web', { ports }) });
    assert.deepEqual(chooseMany([node('a'), node('b')], publishing, 3), [
      'a',
      'b',
      'no suitable node: of 2, 2 with host port 8080/tcp in use',
    ]);
    const ingress = serviceSpec('web', { ports: [{ ...ports[0], mode: 'ingress' }] });
    assert.deepEqual(chooseMany([node('a')], taskObject('web', { nodeId: null, spec: ingress }), 2), ['a', 'a']);
  });

  it('spreads over the values of labels, and fills other branches when one is full', () => {
    const rack = (id: string, value: string, room = ''): NodeObject => node(id, { labels: { rack: value, room } });
    const nodes = [rack('n1', 'a'), rack('n2', 'b'), rack('n3', 'b')];
    const spread = deployed({ placement: { ...placement, spread: ['node.labels.rack'] } });
    assert.deepEqual(chooseMany(nodes, spread, 4), ['n1', 'n2', 'n1', 'n3']);
    const limited = deployed({
      placement: { ...placement, spread: ['node.labels.rack'], maxReplicasPerNode: 1, architecture: null },
    });
    assert.deepEqual(chooseMany(nodes, limited, 3), ['n1', 'n2', 'n3']);
    const rooms = [rack('n1', 'a', 'x'), rack('n2', 'a', 'x'), rack('n3', 'a', 'y'), rack('n4', 'b', 'z')];
    const nested = deployed({ placement: { ...placement, spread: ['node.labels.rack', 'node.labels.room'] } });
    assert.deepEqual(chooseMany(rooms, nested, 6), ['n1', 'n4', 'n3', 'n4', 'n2', 'n4']);
    const unlabelled = [rack('n1', 'a'), node('n2'), node('n3')];
    assert.deepEqual(chooseMany(unlabelled, spread, 4), ['n2', 'n1', 'n3', 'n1']);
  });

  it('avoids for a while the node where the service keeps failing', () => {
    const failed =
      (minute: number) =>
      (_: unknown, slot: number): TaskObject =>
        taskObject('web', {
          id: `failed-${slot}`,
          nodeId: 'a',
          slot: 50 + slot,
          desired: 'remove',
          status: { ...exitedStatus(1), at: `2026-01-01T00:0${minute}:00.000Z` },
        });
    const failures = (count: number, minute: number): readonly TaskObject[] =>
      Array.from({ length: count }, failed(minute));
    assert.equal(choose([node('a'), node('b'), ...failures(4, 9)], task), 'a');
    assert.equal(choose([node('a'), node('b'), ...failures(5, 9)], task), 'b');
    assert.equal(choose([node('a'), node('b'), ...failures(5, 4)], task), 'a', 'it was long ago');
    assert.equal(choose([node('a'), ...failures(5, 9)], task), 'a', 'better there than nowhere');
    assert.equal(choose([node('a'), node('b'), ...failures(5, 9)], taskObject('db', { nodeId: null })), 'a');
  });

  it('goes where the owner of the network namespace is', () => {
    const owner = taskObject('db', { nodeId: 'b' });
    const sharing = { ...task, sharedTasks: { ...task.sharedTasks, network: owner.id } };
    assert.equal(choose([node('a'), node('b'), owner], sharing), 'b');
  });

  it('goes where the container is that waits for its hook', () => {
    const waiting = taskObject('db', { nodeId: 'b' });
    const hook = { ...task, hookOf: { taskId: waiting.id, index: 0 } };
    assert.equal(choose([node('a'), node('b'), waiting], hook), 'b');
    assert.match(choose([node('a')], hook), /1 without the container that waits for the hook/);
  });
});
