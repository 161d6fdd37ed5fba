import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { allocator } from '../../../../src/manager/allocator/allocator.ts';
import { chooseVni } from '../../../../src/manager/allocator/choose-vni.ts';
import { networkAddresses } from '../../../../src/manager/allocator/network-addresses.ts';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { put, remove, type Change } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import type { NetworkObject, TaskObject } from '../../../../src/model/objects.ts';
import { networkObject, nodeObject, serviceObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { networkAttachment } from '../../../fixtures/network-attachment.ts';
import { deploySpec, serviceSpec } from '../../../fixtures/specs.ts';

const n1 = nodeObject({ version: 0, id: 'n1', address: '10.90.0.1' });
const n2 = nodeObject({ version: 0, id: 'n2', address: '10.90.0.2' });

/** A task with the last octet in the default network. */
function onNetwork(last: number, nodeId: string | null, change: Partial<TaskObject> = {}): TaskObject {
  const attachment = {
    networkId: 'net1',
    network: 'default',
    addresses: [`172.28.0.${last}/24`],
    gateways: ['172.28.0.1'],
    mac: `02:42:ac:1c:00:0${last}`,
    aliases: ['web'],
  };
  return taskObject('web', { version: 0, id: `t${last}`, nodeId, attachments: [attachment], ...change });
}

describe('addresses of hosts and services', () => {
  let store: SqliteStore;

  const write = (...changes: readonly Change[]): Promise<void> => store.update(() => ({ changes, result: undefined }));
  const settle = (): Promise<void> =>
    store.update((view) => ({
      changes: networkAddresses.reconcile(view, new Set(['all'] as const), '2026-01-01T00:00:00Z'),
      result: undefined,
    }));
  const network = (): NetworkObject => {
    const found = store.view.get('network', 'net1');
    assert.ok(found !== undefined);
    return found;
  };

  beforeEach(async () => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    await write(put(n1), put(n2), put(networkObject({ version: 0, vni: null })));
  });
  afterEach(() => store.close());

  it('a network has a number from 4096 on, and no hosts while it is on one alone', async () => {
    await write(put(onNetwork(2, 'n1')));
    await settle();
    assert.equal(network().vni, 4096);
    assert.deepEqual(network().nodeAddresses, {});
  });

  it('each host of a network that spans several has one, and keeps it until its last container has gone', async () => {
    await write(put(onNetwork(2, 'n1')), put(onNetwork(3, 'n2')));
    await settle();
    assert.deepEqual(network().nodeAddresses, { n1: ['172.28.0.4'], n2: ['172.28.0.5'] });
    const { version } = network();
    await write(put(onNetwork(6, 'n2')));
    await settle();
    assert.equal(network().version, version, 'nothing is written when nothing is missing');
    for (const id of ['t3', 't6']) await write(remove(store.view.get('task', id) ?? onNetwork(3, 'n2')));
    await settle();
    assert.deepEqual(network().nodeAddresses, {});
  });

  it('every host has one where every host publishes a port that leads there', async () => {
    await write(put(nodeObject({ version: 0, id: 'n3', address: '10.90.0.3' })));
    const port = { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null } as const;
    const publishing = (from: number, to: number): TaskObject =>
      onNetwork(2, 'n1', { spec: serviceSpec('web', { ports: [{ ...port, published: { from, to } }] }) });
    await write(put(publishing(8080, 8081)));
    await settle();
    assert.deepEqual(network().nodeAddresses, {}, 'a port of a range is that of one container');
    await write(put({ ...publishing(8080, 8080), version: store.view.get('task', 't2')?.version ?? 0 }));
    await store.update((view) => ({
      changes: networkAddresses.reconcile(view, new Set(['all'] as const), '2026-01-01T00:00:00Z'),
      result: undefined,
    }));
    assert.deepEqual(Object.keys(network().nodeAddresses), ['n1', 'n2', 'n3']);
  });

  it('none is for a host that would lead others to an encrypted network and cannot encrypt', async () => {
    const spec = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
    const { description } = nodeObject();
    const kernelFeatures = { ...description.kernelFeatures, 'ipsec-esp': 'missing' } as const;
    const n3 = { id: 'n3', address: '10.90.0.3', description: { ...description, kernelFeatures } };
    const port = { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null } as const;
    const publishing = serviceSpec('web', { ports: [{ ...port, published: { from: 8080, to: 8080 } }] });
    await write(put({ ...network(), spec }), put(nodeObject({ version: 0, ...n3 })));
    await write(put(onNetwork(2, 'n1', { spec: publishing })));
    await settle();
    assert.deepEqual(Object.keys(network().nodeAddresses), ['n1', 'n2']);
  });

  it('are not given to containers, nor to hosts that nobody can reach', async () => {
    await write(put(nodeObject({ version: 0, id: 'n3', address: '' })), put(onNetwork(7, 'n3')));
    await write(put(onNetwork(2, 'n1')), put(onNetwork(3, 'n2')), put(serviceObject('web', { version: 0 })));
    await settle();
    assert.deepEqual(Object.keys(network().nodeAddresses), ['n1', 'n2']);
    const given = Object.values(network().nodeAddresses).flat();
    const spec = serviceSpec('web', { networks: [networkAttachment('default')] });
    await write(
      put(taskObject('web', { version: 0, id: 'new', nodeId: null, spec, status: taskStatus({ state: 'new' }) })),
    );
    await store.update((view) => ({
      changes: allocator.reconcile(view, new Set(['addresses'] as const), '2026-01-01T00:00:00Z').changes,
      result: undefined,
    }));
    const [address = ''] = store.view.get('task', 'new')?.attachments[0]?.addresses ?? [];
    assert.match(address, /^172\.28\.0\.\d+\/24$/);
    assert.ok(!given.includes(address.split('/')[0] ?? ''), `${address} is none of ${given.join()}`);
  });

  it('services have one where the file asks for it, for as long as they or containers of theirs exist', async () => {
    const spec = serviceSpec('web', { deploy: deploySpec({ endpointMode: 'vip' }) });
    const service = serviceObject('web', { version: 0, spec });
    const task = onNetwork(2, 'n1', { serviceId: service.id, spec });
    await write(put(service), put(task));
    await settle();
    const given = network().virtualAddresses;
    assert.deepEqual(Object.keys(given), [service.id]);
    const stored = (kind: 'task' | 'service', id: string) => store.view.get(kind, id) ?? task;
    await write(remove(stored('task', 't2')));
    await settle();
    assert.deepEqual(network().virtualAddresses, given, 'scaled to none');
    await write(put(onNetwork(3, 'n1', { serviceId: service.id, spec })), remove(stored('service', service.id)));
    await settle();
    assert.deepEqual(network().virtualAddresses, given, 'its last container is on its way out');
    await write(remove(stored('task', 't3')));
    await settle();
    assert.deepEqual(network().virtualAddresses, {});
  });

  it('services of overlays have one unless the file says dnsrr; those of bridges only if it says vip', async () => {
    await write(put({ ...network(), spec: networkSpec('p_default', { driver: 'overlay' }) }));
    const dnsrr = serviceSpec('web', { deploy: deploySpec({ endpointMode: 'dnsrr' }) });
    await write(
      put(onNetwork(2, 'n1', { serviceId: 's1' })),
      put(onNetwork(3, 'n1', { serviceId: 's2', spec: dnsrr })),
    );
    await settle();
    assert.deepEqual(Object.keys(network().virtualAddresses), ['s1']);
    await write(put({ ...network(), spec: networkSpec('p_default') }));
    await settle();
    assert.deepEqual(network().virtualAddresses, {}, 'negative control: the same service on a bridge');
  });
});

describe('the number of a network', () => {
  it("follows the highest, so that one that was freed is not another one's at once", () => {
    assert.equal(chooseVni([]), 4096);
    assert.equal(chooseVni([{ vni: 4096 }, { vni: 4099 }, { vni: null }]), 4100);
  });

  it('is the lowest free one when the last one is taken', () => {
    assert.equal(chooseVni([{ vni: 4096 }, { vni: 2 ** 24 - 1 }]), 4097);
  });
});
