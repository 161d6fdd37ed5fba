import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sandboxRequest } from '../../../../../agents/host/networks/sandbox-request.ts';
import type { EnsureSandboxRequest } from '../../../../../agents/host/native/net-protocol.ts';
import type { SandboxInterface } from '../../../../../agents/host/tasks/task-host.ts';
import type { NetworkSpec } from '../../../../../src/model/spec.ts';
import { networkObject } from '../builders.ts';

function place(change: Partial<NetworkSpec>, overrides: Partial<SandboxInterface> = {}): SandboxInterface {
  const network = networkObject();
  return {
    network: { ...network, spec: { ...network.spec, ...change } },
    addresses: ['172.30.0.5/24'],
    gateways: ['172.30.0.1'],
    mac: '02:42:ac:1e:00:05',
    name: null,
    gatewayPriority: 0,
    linkLocalAddresses: [],
    sysctls: {},
    ...overrides,
  };
}

function interfacesOf(...interfaces: readonly SandboxInterface[]): EnsureSandboxRequest['interfaces'] {
  const request = { id: 'a', path: '/n', users: null, hostname: 'a', links: [], upstreams: [], interfaces };
  return sandboxRequest(request, () => 1500).interfaces;
}

describe('the request for a sandbox', () => {
  it('has one way out for each family, by priority and then by order', () => {
    const six = { addresses: ['172.30.1.5/24', 'fd00::5/64'], gateways: ['172.30.1.1', 'fd00::1'] };
    const gateways = interfacesOf(place({ internal: true }), place({}), place({}, six)).map((one) => one.gateways);
    assert.deepEqual(gateways, [[], ['172.30.0.1'], ['fd00::1']]);
    const first = interfacesOf(place({}), place({}, { ...six, gatewayPriority: 1 })).map((one) => one.gateways);
    assert.deepEqual(first, [[], ['172.30.1.1', 'fd00::1']]);
  });

  it('numbers the interfaces that have no name, beside the given ones', () => {
    const names = interfacesOf(place({}), place({}, { name: 'eth1' }), place({})).map(({ name }) => name);
    assert.deepEqual(names, ['eth0', 'eth1', 'eth2']);
  });

  it('knows the other subnets of the network on the same wire', () => {
    const pools = ['172.30.0', '172.30.9'].map((start) => ({ subnet: `${start}.0/24`, gateway: `${start}.1` }));
    const one = place({});
    const [only] = interfacesOf({ ...one, network: { ...one.network, pools } });
    assert.deepEqual(only?.routes, [{ destination: '172.30.9.0/24', gateway: null }]);
  });

  it('puts ipvlan on the wire of its parent, with the MAC of that', () => {
    const driverOptions = { parent: 'lo', ipvlan_mode: 'l3' };
    const [l3] = interfacesOf(place({ driver: 'ipvlan', driverOptions }));
    assert.deepEqual([l3?.bridge, l3?.parent, l3?.mac], [null, { link: 'lo', kind: 'ipvlan', mode: 'l3' }, null]);
    // The host routes: there is no gateway on the wire.
    assert.deepEqual([l3?.gateways, l3?.routes], [[], [{ destination: '0.0.0.0/0', gateway: null }]]);
    const [l2] = interfacesOf(place({ driver: 'ipvlan', driverOptions: { parent: 'lo' } }));
    assert.deepEqual([l2?.gateways, l2?.routes], [['172.30.0.1'], []]);
  });
});
