/**
 * The nftables rules of one daemon, as a pure function of its networks and published ports.
 *
 * The chains never change: everything that comes and goes is an element of a set or a map, so that one more container costs
 * one element, and a packet costs one lookup however many containers there are.
 */

import type { BridgeOptions } from '../../../src/model/bridge-options.ts';
import { addressFamily } from '../../../src/model/way-out.ts';
import type { OpenPort } from './network-state.ts';

export interface NftNetwork {
  readonly bridge: string;
  /** 172.30.0.0/24, fd00::/64 */
  readonly subnets: readonly string[];
  readonly internal: boolean;
  readonly options: Pick<BridgeOptions, 'interContainer' | 'masquerade' | 'gatewayMode'>;
}

export interface NftPublication {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** 0.0.0.0 and :: = every address of the host. */
  readonly hostIp: string;
  readonly port: number;
  /** Where it leads to: one of them for each connection, whichever. */
  readonly destinations: readonly NftDestination[];
}

export interface NftDestination {
  readonly address: string;
  readonly target: number;
}

/** This host on a network that spans several. */
export interface NftSpan {
  readonly bridge: string;
  /** Its addresses there, which differ from host to host. */
  readonly addresses: readonly string[];
  /** Those that every host has. */
  readonly gateways: readonly string[];
}

const sets = {
  bridges: 'set bridges { type ifname; }',
  internal: 'set internal { type ifname; }',
  /** Pairs of a bridge and itself: nftables cannot compare two fields of a packet. */
  same_bridge: 'set same_bridge { type ifname . ifname; }',
  /** Bridges that anybody may reach into, by family. */
  unprotected: 'set unprotected { type nf_proto . ifname; }',
  ...familySets('', 'ipv4_addr'),
  ...familySets('6', 'ipv6_addr'),
} as const;

/** Sets of which each family has its own. */
function familySets<Suffix extends '' | '6'>(
  suffix: Suffix,
  address: string,
): Readonly<Record<FamilySet<Suffix>, string>> {
  const destination = `${address} . inet_service`;
  const entries = {
    same_subnet: `type ${address} . ${address}; flags interval;`,
    outbound: `type ${address}; flags interval;`,
    /** Ports of containers that are routed to. */
    open: `type ${address} . inet_proto . inet_service;`,
    published: `type inet_proto . inet_service : ${destination};`,
    published_at: `type ${address} . inet_proto . inet_service : ${destination};`,
    /** Ports with several destinations: the chain that chooses one. */
    balanced: 'type inet_proto . inet_service : verdict;',
    balanced_at: `type ${address} . inet_proto . inet_service : verdict;`,
    /** Of networks that span hosts: addresses that every host has, and the one of this host at each bridge. */
    shared: `type ${address};`,
    own: `type ifname : ${address};`,
  };
  const sets = Object.entries(entries).map(([name, type]) => {
    const kind = type.includes(' : ') ? 'map' : 'set';
    return [`${name}${suffix}`, `${kind} ${name}${suffix} { ${type} }`];
  });
  return Object.fromEntries(sets) as Record<FamilySet<Suffix>, string>;
}

type FamilySet<Suffix extends string> =
  `${'same_subnet' | 'outbound' | 'open' | 'published' | 'published_at' | 'balanced' | 'balanced_at' | 'shared' | 'own'}${Suffix}`;

type SetName = keyof typeof sets;

const setNames = Object.keys(sets) as readonly SetName[];

/** Elements of each set, as nftables writes them; those of maps with their value. */
type SetPlan = Readonly<Record<SetName, readonly string[]>>;

/** And the rule of each chain that chooses a destination. */
export interface NftPlan extends SetPlan {
  readonly chains: ReadonlyMap<string, string>;
}

const chains = `
  chain own {
    # On a network that spans hosts the answer comes back by the address that no other host has.
    snat ip to oifname map @own
    snat ip6 to oifname map @own6
  }
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
    # route_localnet lets the host talk to containers from 127.0.0.1; containers have no business there.
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain publish {
    # The kernel lets nothing from ::1 out of the host (there is no route_localnet for IPv6): refused at once, clients of localhost try 127.0.0.1.
    ip6 daddr ::1 return
    fib daddr type != local return
    dnat ip to ip daddr . meta l4proto . th dport map @published_at
    ip daddr . meta l4proto . th dport vmap @balanced_at
    dnat ip to meta l4proto . th dport map @published
    meta nfproto ipv4 meta l4proto . th dport vmap @balanced
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @published_at6
    ip6 daddr . meta l4proto . th dport vmap @balanced_at6
    dnat ip6 to meta l4proto . th dport map @published6
    meta nfproto ipv6 meta l4proto . th dport vmap @balanced6
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    # A neighbour on the wire could address 127.0.0.1 and reach what is published for this host alone.
    ip daddr 127.0.0.0/8 return
    meta l4proto { tcp, udp, sctp } jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    meta l4proto { tcp, udp, sctp } jump publish
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    # To itself or a neighbour through the host's address: the answer must come back through the host.
    ct status dnat ip saddr . ip daddr @same_subnet jump own
    ct status dnat ip6 saddr . ip6 daddr @same_subnet6 jump own
    ip saddr @shared jump own
    ip6 saddr @shared6 jump own
    ip saddr 127.0.0.0/8 oifname @bridges jump own
    ct status dnat ip saddr . ip daddr @same_subnet masquerade
    ct status dnat ip6 saddr . ip6 daddr @same_subnet6 masquerade
    ip saddr @outbound oifname != @bridges masquerade
    ip6 saddr @outbound6 oifname != @bridges masquerade
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    # Frames inside a bridge come here on hosts with br_netfilter.
    iifname . oifname @same_bridge accept
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct status dnat accept
    # Routed to without translation: the ports that the container publishes, or all.
    oifname @bridges iifname != @bridges ip daddr . meta l4proto . th dport @open accept
    oifname @bridges iifname != @bridges ip6 daddr . meta l4proto . th dport @open6 accept
    iifname != @bridges meta nfproto . oifname @unprotected accept
    oifname @bridges drop
  }`;

/** What has to be in the sets. Order does not matter and is made the same for the same input. */
export function planNft(
  networks: readonly NftNetwork[],
  publications: readonly NftPublication[],
  open: readonly OpenPort[] = [],
  spans: readonly NftSpan[] = [],
): NftPlan {
  const balanced = publications.filter(({ destinations }) => destinations.length > 1);
  const connected = networks.filter(({ options }) => options.interContainer);
  return {
    bridges: sorted(networks.map(({ bridge }) => quote(bridge))),
    internal: sorted(networks.filter(({ internal }) => internal).map(({ bridge }) => quote(bridge))),
    same_bridge: sorted(connected.map(({ bridge }) => `${quote(bridge)} . ${quote(bridge)}`)),
    unprotected: sorted(networks.flatMap(unprotectedFamilies)),
    ...planFamily(4, networks, publications, open, spans),
    ...suffixed(planFamily(6, networks, publications, open, spans)),
    chains: new Map(balanced.map((entry) => [chainOf(entry), choiceOf(entry)])),
  };
}

type FamilyPlan = Readonly<Record<FamilySet<''>, readonly string[]>>;

function planFamily(
  family: 4 | 6,
  networks: readonly NftNetwork[],
  publications: readonly NftPublication[],
  open: readonly OpenPort[],
  spans: readonly NftSpan[],
): FamilyPlan {
  const isOurs = (address: string): boolean => addressFamily(address) === family;
  const external = networks.filter(({ internal }) => !internal);
  const translated = external.filter(
    ({ options }) => options.masquerade && options.gatewayMode[family].startsWith('nat'),
  );
  const every = family === 4 ? '0.0.0.0' : '::';
  const ours = publications.filter(({ hostIp }) => isOurs(hostIp));
  const keyOf = ({ protocol, hostIp, port }: NftPublication): string =>
    `${hostIp === every ? '' : `${hostIp} . `}${protocol} . ${port}`;
  const elements = (atAll: boolean, isBalanced: boolean): readonly string[] =>
    sorted(
      ours
        .filter(({ hostIp, destinations }) => (hostIp === every) === atAll && destinations.length > 1 === isBalanced)
        .flatMap((entry) => valueOf(entry).map((value) => `${keyOf(entry)} : ${value}`)),
    );
  return {
    same_subnet: sorted(
      subnetsOf(external)
        .filter(isOurs)
        .map((subnet) => `${subnet} . ${subnet}`),
    ),
    outbound: sorted(subnetsOf(translated).filter(isOurs)),
    open: sorted(
      open
        .filter(({ address }) => isOurs(address))
        .map(({ address, protocol, port }) => `${address} . ${protocol} . ${port}`),
    ),
    published: elements(true, false),
    published_at: elements(false, false),
    balanced: elements(true, true),
    balanced_at: elements(false, true),
    shared: sorted(spans.flatMap(({ gateways }) => gateways).filter(isOurs)),
    own: sorted(
      spans.flatMap(({ bridge, addresses }) =>
        addresses.filter(isOurs).map((address) => `${quote(bridge)} : ${address}`),
      ),
    ),
  };
}

function suffixed(plan: FamilyPlan): Readonly<Record<FamilySet<'6'>, readonly string[]>> {
  const entries = Object.entries(plan).map(([name, elements]) => [`${name}6`, elements]);
  return Object.fromEntries(entries) as Record<FamilySet<'6'>, readonly string[]>;
}

function subnetsOf(networks: readonly NftNetwork[]): readonly string[] {
  return networks.flatMap(({ subnets }) => subnets);
}

function unprotectedFamilies({ bridge, internal, options: { gatewayMode } }: NftNetwork): readonly string[] {
  if (internal) return [];
  return ([4, 6] as const)
    .filter((family) => gatewayMode[family] === 'nat-unprotected')
    .map((family) => `ipv${family} . ${quote(bridge)}`);
}

/** Name of the table of a daemon; its instance is 8 hex digits. */
export function nftTable(instance: string): string {
  return `inet tsstack-${instance}`;
}

/** Replaces the table whole, whatever it was before, in one transaction; an empty plan removes it. */
export function renderNft(table: string, plan: NftPlan): string {
  const replace = `table ${table}\ndelete table ${table}\n`;
  if (plan.bridges.length === 0) return replace;
  const declarations = setNames.map((name) => `  ${sets[name]}\n`).join('');
  const choices = renderChains(table, plan.chains);
  const elements = setNames.map((name) => renderElements('add', table, name, plan[name])).join('');
  return `${replace}table ${table} {\n${declarations}${chains}\n}\n${choices}${elements}`;
}

/** From one plan to the next, touching only what differs; empty when nothing does. */
export function renderNftChange(table: string, before: NftPlan, after: NftPlan): string {
  if (before.bridges.length === 0 && after.bridges.length === 0) return '';
  if (before.bridges.length === 0 || after.bridges.length === 0) return renderNft(table, after);
  const changed = [...after.chains].filter(([name, rule]) => before.chains.get(name) !== rule);
  const gone = [...before.chains.keys()].filter((name) => !after.chains.has(name));
  return [
    // Deletions come first: the same key may get another value.
    ...setNames.map((name) => renderElements('delete', table, name, without(before[name], after[name]).map(keyOf))),
    ...gone.map((name) => `delete chain ${table} ${name}\n`),
    renderChains(table, new Map(changed)),
    ...setNames.map((name) => renderElements('add', table, name, without(after[name], before[name]))),
  ].join('');
}

/** Connections that are under way keep what they began with. */
function renderChains(table: string, rules: ReadonlyMap<string, string>): string {
  return Array.from(
    rules,
    ([name, rule]) => `add chain ${table} ${name}\nflush chain ${table} ${name}\nadd rule ${table} ${name} ${rule}\n`,
  ).join('');
}

/** The plan of a daemon without networks. */
export const emptyNftPlan: NftPlan = planNft([], []);

function renderElements(verb: 'add' | 'delete', table: string, name: SetName, elements: readonly string[]): string {
  return elements.length === 0 ? '' : `${verb} element ${table} ${name} { ${elements.join(', ')} }\n`;
}

function keyOf(element: string): string {
  return element.split(' : ', 1)[0] ?? element;
}

function without(elements: readonly string[], excluded: readonly string[]): readonly string[] {
  const known = new Set(excluded);
  return elements.filter((element) => !known.has(element));
}

/** What the element of a port means; nothing while it leads nowhere. */
function valueOf(entry: NftPublication): readonly string[] {
  const [first, second] = entry.destinations;
  if (first === undefined) return [];
  return [second === undefined ? `${first.address} . ${first.target}` : `goto ${chainOf(entry)}`];
}

function chainOf({ protocol, hostIp, port }: NftPublication): string {
  return `to_${protocol}_${port}_${hostIp.replace(/[^0-9a-f]/g, '_')}`;
}

function choiceOf({ protocol, destinations, hostIp }: NftPublication): string {
  const family = addressFamily(hostIp) === 6 ? 'ip6' : 'ip';
  const choices = destinations.map(({ address, target }, index) => `${index} : ${address} . ${target}`);
  const choice = `numgen inc mod ${destinations.length} map { ${choices.join(', ')} }`;
  return `meta l4proto ${protocol} dnat ${family} to ${choice}`;
}

function quote(name: string): string {
  return `"${name}"`;
}

function sorted(elements: readonly string[]): readonly string[] {
  return [...new Set(elements)].sort();
}
