import assert from 'node:assert/strict';
import { networkAddresses } from '../../../../src/manager/allocator/network-addresses.ts';
import { global } from '../../../../src/manager/orchestrators/global/global.ts';
import type { NetworkObject, TaskObject } from '../../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import { deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const web = (replicas: number): ServiceSpec =>
  serviceSpec('web', { replicas, deploy: deploySpec({ endpointMode: 'vip' }) });

const idsOf = (tasks: readonly TaskObject[]): readonly string[] => tasks.map(({ id }) => id);

describe('the number of containers of a service', () => {
  let lab: UpdateLab;
  beforeEach(async () => {
    lab = new UpdateLab([global, networkAddresses]);
    await addNode('n1');
  });
  afterEach(() => lab.close());

  const addNode = (id: string): Promise<void> => lab.addNode({ id, hostname: id, address: `10.90.0.${id.slice(1)}` });
  const up = async (...services: readonly ServiceSpec[]): Promise<readonly TaskObject[]> => {
    await lab.apply(services);
    await lab.settle();
    return lab.tasks();
  };
  /** `slot@node`. */
  const places = (): readonly string[] => lab.tasks().map(({ slot, nodeId }) => `${slot}@${nodeId ?? '?'}`);
  const network = (): NetworkObject => lab.store.view.ofStack('network', 'p')[0] ?? assert.fail('no network');

  it('grows without touching the others', async () => {
    const before = await up(web(2));
    const after = await up(web(5));
    assert.deepEqual(idsOf(after).slice(0, 2), idsOf(before));
    assert.deepEqual(places(), ['1@n1', '2@n1', '3@n1', '4@n1', '5@n1']);
  });

  it('shrinks where there are most, and nothing is kept of who had to go', async () => {
    await up(web(3));
    await addNode('n2');
    await up(web(4));
    assert.deepEqual(places(), ['1@n1', '2@n1', '3@n1', '4@n2']);
    const left = await up(web(2));
    assert.deepEqual(places(), ['1@n1', '4@n2']);
    assert.deepEqual(idsOf(lab.store.view.ofStack('task', 'p')), idsOf(left));
    assert.ok(left.every(({ history }) => history.length === 0));
    assert.equal(lab.containers.size, 2);
  });

  it('may be none for a while: the service keeps its address, and its slots begin at 1 again', async () => {
    await addNode('n2');
    await up(web(3));
    const { virtualAddresses } = network();
    assert.equal(Object.keys(virtualAddresses).length, 1);
    await up(web(0));
    assert.deepEqual([places(), lab.containers.size, network().virtualAddresses], [[], 0, virtualAddresses]);
    const back = await up(web(3));
    assert.deepEqual(
      back.map(({ slot, status }) => `${slot} ${status.state}`),
      ['1 running', '2 running', '3 running'],
    );
    assert.deepEqual(network().virtualAddresses, virtualAddresses);
  });

  it('is that of the nodes once the service is global, and containers that fit stay', async () => {
    await addNode('n2');
    const [first, second] = await up(web(3));
    const after = await up({ ...web(1), deploy: deploySpec({ mode: 'global', endpointMode: 'vip' }) });
    assert.deepEqual(idsOf(after), [first?.id, second?.id]);
    assert.deepEqual(places(), ['1@n1', '2@n2']);
  });
});
