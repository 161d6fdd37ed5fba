import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import { explainReservation, planPorts, publishedPorts } from '../../../../../agents/host/networks/port-wishes.ts';
import type { PortInterfaces } from '../../../../../agents/host/networks/port-wishes.ts';
import type { NetworkSpec, PortSpec } from '../../../../../src/model/spec.ts';
import { networkObject } from '../builders.ts';
import { defaultDevice } from '../../../../../agents/host/networks/underlay-mtu.ts';

const network = (change: Partial<NetworkSpec>): PortInterfaces[0]['network'] => {
  const object = networkObject();
  return { ...object, spec: { ...object.spec, ...change } };
};
const place = (addresses: readonly string[], change: Partial<NetworkSpec> = {}): PortInterfaces => [
  { network: network(change), addresses, gatewayPriority: 0 },
];
const ipv4 = place(['172.30.1.5/24']);
const both = place(['172.30.1.5/24', 'fd00::5/64']);
const base = {
  target: 80,
  protocol: 'tcp',
  mode: 'ingress',
  hostIp: null,
  published: { from: 8080, to: 8080 },
} as const;
const option = (name: string, value: string): Partial<NetworkSpec> => ({
  driverOptions: { [`com.docker.network.bridge.${name}`]: value },
});

describe('port wishes', () => {
  const wishes = (interfaces: PortInterfaces, ...ports: readonly PortSpec[]): readonly unknown[] =>
    planPorts('web', ports, interfaces).wishes.map(({ wish: { hostIp, port, last } }) => [hostIp, port, last]);

  it('ask for a port, a range, or any', () => {
    assert.deepEqual(
      wishes(
        ipv4,
        base,
        { ...base, published: { from: 8000, to: 8010 }, hostIp: '127.0.0.1' },
        { ...base, published: null },
      ),
      [
        ['0.0.0.0', 8080, 8080],
        ['127.0.0.1', 8000, 8010],
        ['0.0.0.0', 0, 0],
      ],
    );
  });

  it('ask for the families that the container has, at one number', () => {
    assert.deepEqual(wishes(both, base), [['*', 8080, 8080]]);
    assert.deepEqual(wishes(place(['fd00::5/64']), base), [['::', 8080, 8080]]);
    assert.deepEqual(wishes(both, { ...base, hostIp: 'fd00::1' }), [['fd00::1', 8080, 8080]]);
    assert.throws(() => planPorts('web', [{ ...base, hostIp: '::1' }], ipv4), /IPv6, its networks have IPv4 alone/);
    assert.throws(() => planPorts('web', [{ ...base, hostIp: '::1' }], both), /translates nothing that goes to ::1/);
    assert.throws(() => planPorts('web', [base], place(['172.30.1.5/24'], { internal: true })), /internal/);
  });

  it('ask for the address that the network binds ports to', () => {
    const bound = place(['172.30.1.5/24', 'fd00::5/64'], option('host_binding_ipv4', '127.0.0.1'));
    assert.deepEqual(wishes(bound, base), [['127.0.0.1', 8080, 8080]]);
  });

  it('are none where the container is routed to: its own port is opened', () => {
    const routed = place(['172.30.1.5/24', 'fd00::5/64'], option('gateway_mode_ipv6', 'routed'));
    assert.deepEqual(wishes(routed, base), [['0.0.0.0', 8080, 8080]]);
    assert.deepEqual(planPorts('web', [base], routed).open, [{ address: 'fd00::5', protocol: 'tcp', port: 80 }]);
  });

  it('become a published port for each family', () => {
    const wish = { protocol: 'tcp', mode: 'ingress', hostIp: '*', port: 0, last: 0 } as const;
    assert.deepEqual(
      publishedPorts(80, wish, 32_768).map(({ hostIp, published }) => [hostIp, published]),
      [
        ['0.0.0.0', 32_768],
        ['::', 32_768],
      ],
    );
  });

  it('name the container of ours that holds a port', () => {
    const message = 'publish port 0.0.0.0:80/tcp: already in use by container abc';
    const error = new NativeError({ code: 'exists', message, errno: '', path: 'container abc' });
    const common = { addresses: ['172.30.1.5'], ports: [], open: [], service: null, shared: [] };
    const publication = { id: 'abc', owner: 'shop-web-1', ...common };
    const explained = explainReservation(error, [publication]);
    assert.match(String(explained), /in use by container shop-web-1$/);
  });

  it('leave other failures as they are', () => {
    const error = new NativeError({ code: 'network', message: 'no such address', errno: 'EADDRNOTAVAIL', path: '' });
    assert.equal(explainReservation(error, []), error);
  });
});

describe('underlay', () => {
  it('is the device of the default route with the lowest metric', () => {
    const text = `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
wlan0 00000000 010200C0 0003 0 0 600 00000000 0 0 0
eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
`;
    assert.equal(defaultDevice(text), 'eth0');
    assert.equal(defaultDevice('Iface Destination\n'), null);
  });
});
