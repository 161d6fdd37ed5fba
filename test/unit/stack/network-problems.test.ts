import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { unsupportedAttributes } from '../../../src/stack/index.ts';
import { load } from './memory-files.ts';

/** Problems of a service with these lines, and of a stack with these networks. */
function problems(service: string, networks = '{}'): readonly string[] {
  const text = `services:\n  a:\n    image: i\n    ${service}\n  b: { image: i }\nnetworks: ${networks}\n`;
  return unsupportedAttributes(load(text)).map(({ line, path, message }) => `${line} ${path}: ${message}`);
}
const ofNetwork = (network: string): readonly string[] => problems('networks: [n]', `{ n: ${network} }`);
const option = (name: string, value: string): string => `{ driver_opts: { com.docker.network.${name}: "${value}" } }`;

describe('problems of a service in its networks', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{ network_mode: host, ports: ["80:80"] }', /ports cannot be combined with network_mode host/],
    [
      '{ network_mode: none, mac_address: "02:00:00:00:00:01" }',
      /mac_address cannot be combined with network_mode none/,
    ],
    ['{ network_mode: "service:b", links: [b] }', /links cannot be combined with network_mode service:b/],
    ['{ networks: { n: { ipv4_address: "::1" } } }', /n\.ipv4_address: "::1" is no IPv4 address/],
    ['{ networks: { n: { ipv6_address: 10.0.0.1 } } }', /"10.0.0.1" is no IPv6 address/],
    ['{ networks: { n: { interface_name: a/b } } }', /interface_name: "a\/b" is no name of a network interface/],
    ['{ networks: { n: { interface_name: x }, m: { interface_name: x } } }', /x is the interface of network n already/],
    ['{ networks: { n: { link_local_ips: [10.0.0.1] } } }', /link_local_ips\[0\]: "10.0.0.1" is no link-local address/],
    ['{ networks: { n: { driver_opts: { foo: bar } } } }', /driver_opts\.foo: there is no option foo/],
    ['{ mac_address: "01:00:00:00:00:01" }', /is no MAC address of one machine/],
    [
      '{ mac_address: "02:00:00:00:00:01", networks: { n: { mac_address: "02:00:00:00:00:02" } } }',
      /n\.mac_address: 02:00:00:00:00:02 differs from the mac_address of the service/,
    ],
    ['{ ports: ["[::1]:80:80"] }', /ports\[0\]: the kernel translates nothing that goes to ::1/],
    ['{ networks: [n, outer] }', /networks\.outer: the network host cannot be combined with other networks/],
  ];
  for (const [service, expected] of cases) {
    it(service, () => {
      const networks = '{ n: {}, m: {}, outer: { external: true, name: host } }';
      const lines = service.slice(2, -2).replace(/, (?=(ports|mac_address|links|networks):)/, '\n    ');
      const found = problems(lines, networks);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', expected);
    });
  }

  it('none where all is well', () => {
    const endpoint =
      '{ gw_priority: 1, interface_name: up0, link_local_ips: [169.254.1.1, "fe80::7"], mac_address: "02-00-00-00-00-01" }';
    assert.deepEqual(problems(`networks: { n: ${endpoint}, m: { interface_name: up1 } }`, '{ n: {}, m: {} }'), []);
    assert.deepEqual(problems('networks: [n]', '{ n: { external: true, name: host } }'), []);
    assert.deepEqual(problems('network_mode: bridge\n    ports: ["80:80"]'), []);
  });
});

describe('problems of a network', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{ enable_ipv4: false }', /^6 networks\.n\.enable_ipv4: the network has neither IPv4 nor IPv6$/],
    ['{ driver: weave }', /driver "weave" is not supported yet/],
    ['{ driver: macvlan }', /networks\.n\.driver: the driver macvlan needs a link of the host/],
    ['{ driver: ipvlan, driver_opts: { parent: e0, ipvlan_mode: l4 } }', /ipvlan_mode: "l4" is not one of l2, l3, l3s/],
    ['{ driver: macvlan, internal: true, driver_opts: { parent: e0 } }', /internal: a network of the driver macvlan/],
    ['{ driver: host, internal: true }', /internal has no effect on a network of the driver host/],
    ['{ driver_opts: { foo: bar } }', /the driver bridge has no option foo/],
    [option('driver.mtu', 'big'), /com.docker.network.driver.mtu: "big" is not a number from 68 to 65535/],
    [option('bridge.enable_icc', 'maybe'), /"maybe" is not true or false/],
    [option('bridge.name', 'much-too-long-a-name'), /is not an interface name/],
    [option('bridge.gateway_mode_ipv4', 'isolated'), /the mode isolated is for internal networks/],
    ['{ ipam: { options: { foo: bar } } }', /ipam\.options\.foo: the driver "default" has no option foo/],
    ['{ ipam: { driver: remote } }', /ipam\.driver: driver "remote" is not supported yet/],
    ['{ ipam: { config: [{ subnet: 10.0.0.0/33 }] } }', /config\[0\]\.subnet: "10.0.0.0\/33" is no subnet/],
    ['{ ipam: { config: [{ subnet: "fd00::/64" }] } }', /fd00::\/64 has no effect: the network has no IPv6/],
    ['{ ipam: { config: [{ gateway: 10.0.0.1 }] } }', /gateway needs a subnet that it is in/],
    [
      '{ ipam: { config: [{ subnet: 10.0.0.0/24, gateway: 10.0.1.1 }] } }',
      /10.0.1.1 is no host address of 10.0.0.0\/24/,
    ],
    [
      '{ ipam: { config: [{ subnet: 10.0.0.0/24, ip_range: 10.0.0.0/23 }] } }',
      /10.0.0.0\/23 is no part of 10.0.0.0\/24/,
    ],
    [
      '{ ipam: { config: [{ subnet: 10.0.0.0/24, aux_addresses: { a: 10.0.0.255 } }] } }',
      /aux_addresses\.a: 10.0.0.255 is no host address/,
    ],
    ['{ ipam: { config: [{ subnet: 10.0.0.0/8 }, { subnet: 10.9.0.0/24 }] } }', /10.9.0.0\/24 overlaps another subnet/],
  ];
  for (const [network, expected] of cases) {
    it(network, () => {
      const found = ofNetwork(network);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', expected);
    });
  }

  it('none where all is well', () => {
    assert.deepEqual(ofNetwork('{ driver: overlay, attachable: true, driver_opts: { encrypted: "" } }'), []);
    assert.deepEqual(ofNetwork('{ driver: none }'), []);
    assert.deepEqual(
      ofNetwork('{ internal: true, driver_opts: { com.docker.network.bridge.gateway_mode_ipv4: isolated } }'),
      [],
    );
  });
});
