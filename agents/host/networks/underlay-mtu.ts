import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { readBridgeOptions } from '../../../src/model/bridge-options.ts';
import { isVlanDriver, readVlanOptions } from '../../../src/model/vlan-options.ts';
import type { NetworkObject } from '../../../src/model/objects.ts';
import { hasErrno } from '../errors.ts';

/** Of Ethernet, for a host without a default route. */
const defaultMtu = 1500;

/** Device of the default route with the lowest metric, from the text of /proc/net/route; null without one. */
export function defaultDevice(routes: string): string | null {
  const candidates = routes
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .map(([device = '', , , , , , metric = '0']) => ({ device, metric: Number(metric) }))
    .sort((a, b) => a.metric - b.metric);
  return candidates[0]?.device ?? null;
}

/** Largest packet that leaves this host in one piece: what containers send should not be larger. */
function underlayMtu(): number {
  const device = defaultDevice(readFileSync('/proc/net/route', 'utf8'));
  if (device === null) return defaultMtu;
  return deviceMtu(device);
}

function deviceMtu(device: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8'));
  } catch (error) {
    // The device has gone meanwhile.
    if (hasErrno(error, 'ENOENT', 'EINVAL')) return defaultMtu;
    throw error;
  }
}

/** A look at the host's addresses goes over the links of all containers; who moves an address between two looks is heard of a moment later. */
const lookAgainMs = 1000;

/** Gives the MTU of the link that has an address of the host. */
export function linkMtuLookup(): (address: string) => number {
  let links = new Map<string, string>();
  let lookedAt = -Infinity;
  return (address) => {
    if (performance.now() - lookedAt > lookAgainMs || !links.has(address)) {
      links = linksByAddress();
      lookedAt = performance.now();
    }
    const link = links.get(address);
    return link === undefined ? underlayMtu() : deviceMtu(link);
  };
}

function linksByAddress(): Map<string, string> {
  const links = Object.entries(networkInterfaces());
  return new Map(links.flatMap(([link, addresses = []]) => addresses.map(({ address }) => [address, link] as const)));
}

/** MTU of a network that is on this host alone: as its options say, else that of the link that it is on, or of the way out. */
export function networkMtu({ spec }: Pick<NetworkObject, 'spec'>): number {
  if (isVlanDriver(spec.driver)) {
    const { parent, mtu } = readVlanOptions(spec.driver, spec.driverOptions);
    return mtu ?? deviceMtu(parent);
  }
  return readBridgeOptions(spec.driverOptions).mtu ?? underlayMtu();
}
