import assert from 'node:assert/strict';
import { endpointsChange } from '../../../../src/model/endpoints-change.ts';
import { endpointsId, type EndpointNode } from '../../../../src/model/endpoints.ts';
import type { WireObject } from '../../../../src/rpc/messages.ts';
import { AssignedObjects, type AssignmentChange } from '../../../../agents/host/tasks/assigned-objects.ts';
import { networkObject } from './builders.ts';

describe('what is assigned to a host', () => {
  const network = networkObject();
  const wire = (object: { readonly kind: string; readonly id: string }): WireObject => ({
    kind: object.kind,
    id: object.id,
    version: 1,
    document: JSON.stringify(object),
  });
  const common = { kind: 'endpoints', id: endpointsId(network.id), version: 1, networkId: network.id } as const;
  const endpoints = { ...common, nodes: [], tasks: [], services: [], encryption: null };

  /** What a full list without anything changes for a host that has a network with others on it. */
  function forget(mayRemove: boolean): AssignmentChange {
    const assigned = new AssignedObjects();
    const message = { sequence: 1, full: true, removals: [], storeRevision: 1 };
    assigned.apply({ ...message, upserts: [wire(network), wire(endpoints)] }, true);
    return assigned.apply({ ...message, upserts: [] }, mayRemove);
  }

  it('loses no network and nobody on it by the silence of a store that it does not know', () => {
    const { removedNetworks, removedEndpoints } = forget(false);
    assert.deepEqual([removedNetworks, removedEndpoints], [[], []]);
  });

  it('loses them by the silence of the one that it knows', () => {
    const { removedNetworks, removedEndpoints } = forget(true);
    assert.deepEqual([removedNetworks.map(({ id }) => id), removedEndpoints], [[network.id], [network.id]]);
  });

  it('is known as a whole when the manager has said only what is new of who is on a network', () => {
    const assigned = new AssignedObjects();
    const rest = { removals: [], storeRevision: 1 };
    const node = (nodeId: string): EndpointNode => ({ nodeId, address: '', addresses: [], mac: '', tunnel: null });
    const first = { ...endpoints, nodes: ['n1', 'n2', 'n3'].map(node) };
    const second = { ...first, version: 2, nodes: [...first.nodes, node('n4')] };
    const change = endpointsChange(first, second);
    assert.ok(change !== null);
    assigned.apply({ sequence: 1, full: true, upserts: [wire(network), wire(first)], ...rest }, true);
    const news = { sequence: 2, full: false, upserts: [wire(change)], ...rest };
    assert.deepEqual(assigned.apply(news, true).endpoints, [{ network, endpoints: second }]);
    assert.throws(() => assigned.apply(news, true), { code: 'conflict', message: /is not at version 1/ });
  });
});
