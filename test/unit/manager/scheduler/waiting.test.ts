import assert from 'node:assert/strict';
import { runsForEver } from '../../../../agents/simulated/pretend-task.ts';
import { constraintEnforcer } from '../../../../src/manager/orchestrators/constraint-enforcer/constraint-enforcer.ts';
import { formatBinaryBytes } from '../../../../src/model/format-bytes.ts';
import type { DeploySpec } from '../../../../src/model/deploy-spec.ts';
import type { NodeObject } from '../../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import { nodeObject } from '../../../fixtures/objects.ts';
import { deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const placement = { constraints: [], spread: [], maxReplicasPerNode: null, architecture: null };

function web(replicas: number, deploy: Partial<DeploySpec>, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return serviceSpec('web', { replicas, deploy: deploySpec(deploy), ...more });
}

describe('a container without a node', () => {
  let lab: UpdateLab;
  beforeEach(() => (lab = new UpdateLab([constraintEnforcer])));
  afterEach(() => lab.close());

  const addNode = (id: string, more: Partial<NodeObject> = {}): Promise<void> =>
    lab.addNode({ id, hostname: id, ...more });
  const up = async (spec: ServiceSpec): Promise<void> => {
    await lab.apply([spec]);
    await lab.settle();
  };
  /** Where each container runs, or what it waits for. */
  const places = (): readonly string[] =>
    lab.tasks().map(({ nodeId, status }) => (status.state === 'running' ? (nodeId ?? '') : status.message));

  it('waits for memory that is reserved, and says so; it comes up when some is free', async () => {
    const { memoryBytes } = nodeObject().description;
    const reservations = { cpus: null, memoryBytes: memoryBytes / 2, generic: {} };
    await addNode('n1');
    await up(web(3, { reservations }));
    const reason = `no suitable node: of 1, 1 without ${formatBinaryBytes(memoryBytes / 2)} of memory to reserve`;
    assert.deepEqual(places(), ['n1', 'n1', reason]);
    const [first, , third] = lab.tasks();
    assert.ok(first !== undefined);
    await lab.happen(first, (container) => container.exit(0));
    await lab.settle();
    assert.deepEqual([lab.tasks()[2]?.id, places()[2]], [third?.id, 'n1']);
  });

  it('waits for a node with fewer containers of its service than there may be', async () => {
    await addNode('n1');
    await addNode('n2');
    await up(web(3, { placement: { ...placement, maxReplicasPerNode: 1, architecture: null } }));
    const reason = 'no suitable node: of 2, 2 with max_replicas_per_node (1) of the service on it';
    assert.deepEqual(places(), ['n1', 'n2', reason]);
    await addNode('n3');
    await lab.settle();
    assert.deepEqual(places(), ['n1', 'n2', 'n3']);
  });

  it('waits for a node whose port nobody has', async () => {
    await addNode('n1');
    await addNode('n2');
    const published = { from: 8080, to: 8080 };
    await up(web(3, {}, { ports: [{ target: 80, protocol: 'tcp', mode: 'host', hostIp: null, published }] }));
    assert.deepEqual(places(), ['n1', 'n2', 'no suitable node: of 2, 2 with host port 8080/tcp in use']);
  });

  it('waits for generic resources, of which each container has its own', async () => {
    const description = { ...nodeObject().description, genericResources: { gpu: ['a', 'b'] } };
    await addNode('n1', { description });
    await up(web(3, { reservations: { cpus: null, memoryBytes: null, generic: { gpu: 1 } } }));
    assert.deepEqual(places(), ['n1', 'n1', 'no suitable node: of 1, 1 without 1 of the generic resource gpu']);
    assert.deepEqual(
      lab.tasks().map(({ genericResources }) => genericResources['gpu']),
      [['a'], ['b'], undefined],
    );
  });

  describe('whose predecessor does not end', () => {
    const stubborn = { ...runsForEver, endsWhenTold: false };
    const drain = (): Promise<number> =>
      lab.write((view) => {
        const node = view.get('node', 'n1') ?? assert.fail();
        return [{ type: 'put', object: { ...node, availability: 'drain' } }];
      });

    it('comes up on another node when it has waited for a minute', async () => {
      lab.behaviourOf = () => stubborn;
      await addNode('n1');
      await up(web(1, {}));
      await addNode('n2');
      await drain();
      await lab.pass(59_999);
      // It is there, and not started.
      assert.deepEqual(
        lab.tasks().map(({ nodeId, status }) => [nodeId, status.state]),
        [['n2', 'ready']],
      );
      await lab.pass(1);
      assert.deepEqual(places(), ['n2']);
      assert.equal(lab.containers.size, 2, 'the old one is still there');
    });

    it('waits on where it could only come to the same node, where its name is taken', async () => {
      lab.behaviourOf = () => stubborn;
      await addNode('n1');
      await up(web(1, {}));
      const old = lab.tasks()[0] ?? assert.fail();
      await up(web(1, {}, { image: 'other' }));
      await lab.pass(3_600_000);
      assert.deepEqual(places(), ['no suitable node: of 1, 1 with the previous p-web-1, which does not end']);
      await lab.happen(old, (container) => container.exit(137));
      await lab.settle();
      assert.deepEqual(places(), ['n1']);
    });
  });
});
