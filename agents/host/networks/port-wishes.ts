import { isIPv6 } from 'node:net';
import { readBridgeOptions } from '../../../src/model/bridge-options.ts';
import { isVlanDriver } from '../../../src/model/vlan-options.ts';
import type { PublishedPort } from '../../../src/model/objects.ts';
import type { PortSpec } from '../../../src/model/spec.ts';
import { addressFamily, wayOut } from '../../../src/model/way-out.ts';
import { withoutPrefix } from '../names/network-names.ts';
import { NativeError } from '../native/native-error.ts';
import type { NetPortWish } from '../native/net-protocol.ts';
import type { SandboxInterface } from '../tasks/task-host.ts';
import { PortInUseError, UnpublishablePortError } from './errors.ts';
import type { OpenPort, Publication } from './network-state.ts';

/** Every address of the host, by the families in question. */
const everyAddress: Readonly<Record<string, string>> = { '4': '0.0.0.0', '6': '::', '4,6': '*' };

/** The interfaces of a container, as far as its ports depend on them. */
export type PortInterfaces = readonly Pick<SandboxInterface, 'network' | 'addresses' | 'gatewayPriority'>[];

/** What the ports of a container need. */
export interface PortPlan {
  /** What tsstack-net is to reserve, each with the port of the container that it leads to. */
  readonly wishes: readonly { readonly target: number; readonly wish: NetPortWish }[];
  /** Ports at the container's own address, where a network is routed to. */
  readonly open: readonly OpenPort[];
  /** The container's addresses that published ports lead to, at most one of each family. */
  readonly addresses: readonly string[];
}

/** Where the ports of a container with these interfaces are published. */
export function planPorts(owner: string, ports: readonly PortSpec[], interfaces: PortInterfaces): PortPlan {
  const bridged = interfaces.filter(({ network }) => !isVlanDriver(network.spec.driver));
  const ways = ([4, 6] as const).flatMap((family) => wayOf(bridged, family) ?? []);
  if (ways.length === 0) throw interfaces.length > bridged.length ? onTheWire(owner) : allInternal(owner);
  const plans = ports.map((port) => planPort(owner, port, ways));
  return {
    wishes: plans.flatMap(({ wishes }) => wishes),
    open: plans.flatMap(({ open }) => open),
    addresses: ways.map(({ address }) => address),
  };
}

/** How the world reaches a container in one family. */
interface Way {
  readonly family: 4 | 6;
  readonly address: string;
  readonly isRouted: boolean;
  /** Address of the host for ports that name none; null = all. */
  readonly binding: string | null;
}

function wayOf(interfaces: PortInterfaces, family: 4 | 6): Way | undefined {
  const way = wayOut(interfaces, family);
  const address = way?.addresses.find((one) => addressFamily(one) === family);
  if (way === undefined || address === undefined) return undefined;
  const { gatewayMode, hostBinding } = readBridgeOptions(way.network.spec.driverOptions);
  const isRouted = gatewayMode[family] === 'routed';
  return { family, address: withoutPrefix(address), isRouted, binding: family === 4 ? hostBinding : null };
}

function planPort(owner: string, port: PortSpec, ways: readonly Way[]): Pick<PortPlan, 'wishes' | 'open'> {
  const { target, protocol, published } = port;
  const hostIp = port.hostIp ?? ways.find(({ binding }) => binding !== null)?.binding ?? null;
  const asked = hostIp === null ? ways : ways.filter(({ family }) => family === addressFamily(hostIp));
  if (hostIp !== null && asked.length === 0) throw wrongFamily(owner, hostIp);
  if (hostIp === '::1') throw loopback(owner);
  const open = asked.filter(({ isRouted }) => isRouted).map(({ address }) => ({ address, protocol, port: target }));
  const translated = asked.filter(({ isRouted }) => !isRouted).map(({ family }) => family);
  const address = translated.length === 0 ? undefined : (hostIp ?? everyAddress[translated.join()]);
  if (address === undefined) return { wishes: [], open };
  const wish = { protocol, hostIp: address, port: published?.from ?? 0, last: published?.to ?? 0 };
  return { wishes: [{ target, wish }], open };
}

/** Whether a port of a container can be the one that the container before it has published. */
export function isHeirOf({ target, protocol, published, hostIp }: PortSpec, former: PublishedPort): boolean {
  if (former.target !== target || former.protocol !== protocol) return false;
  if (hostIp !== null && hostIp !== former.hostIp) return false;
  return published === null || (former.published >= published.from && former.published <= published.to);
}

/** Where a reserved port is published: `*` stands for all addresses of both families. */
export function publishedPorts(
  target: number,
  { protocol, hostIp }: NetPortWish,
  port: number,
): readonly PublishedPort[] {
  const addresses = hostIp === '*' ? ['0.0.0.0', '::'] : [hostIp];
  return addresses.map((address) => ({ target, protocol, hostIp: address, published: port }));
}

function allInternal(owner: string): UnpublishablePortError {
  const hint = 'add a network that is not internal, or remove the ports';
  return new UnpublishablePortError(owner, 'all its networks are internal', hint);
}

function onTheWire(owner: string): UnpublishablePortError {
  const problem = 'its networks are on the wire of the host, where it has an address of its own';
  return new UnpublishablePortError(owner, problem, 'remove the ports, or add a network of the driver bridge');
}

function wrongFamily(owner: string, hostIp: string): UnpublishablePortError {
  const [asked, had, option] = isIPv6(hostIp) ? ['IPv6', 'IPv4', 'enable_ipv6'] : ['IPv4', 'IPv6', 'enable_ipv4'];
  return new UnpublishablePortError(
    owner,
    `the host address ${hostIp} is ${asked}, its networks have ${had} alone`,
    `leave the address out, give one of ${had}, or set ${option}: true on a network that is not internal`,
  );
}

function loopback(owner: string): UnpublishablePortError {
  return new UnpublishablePortError(owner, 'the kernel translates nothing that goes to ::1', 'use 127.0.0.1 instead');
}

/** Names the container, where one of ours holds the port. */
export function explainReservation(error: unknown, publications: Iterable<Publication>): unknown {
  if (!(error instanceof NativeError) || error.nativeCode !== 'exists') return error;
  for (const { id, owner, service } of publications) {
    if (error.path === `container ${id}` || error.path === `container service-${service ?? ''}`) {
      return new PortInUseError(error.message.replace(error.path, `container ${owner}`), error);
    }
  }
  return new PortInUseError(error.message, error);
}
