/**
 * The nftables rules of one daemon, as a pure function of its networks and published ports.
 *
 * The chains never change: everything that comes and goes is an element of a set or a map, so that one more container costs
 * one element, and a packet costs one lookup however many containers there are.
 */

export interface NftNetwork {
  readonly bridge: string;
  /** 172.30.0.0/24 */
  readonly subnet: string;
  readonly internal: boolean;
}

export interface NftPublication {
  readonly protocol: 'tcp' | 'udp';
  /** 0.0.0.0 = every address of the host. */
  readonly hostIp: string;
  readonly port: number;
  readonly address: string;
  readonly target: number;
}

const sets = {
  bridges: 'set bridges { type ifname; }',
  internal: 'set internal { type ifname; }',
  /** Pairs of a bridge and itself: nftables cannot compare two fields of a packet. */
  same_bridge: 'set same_bridge { type ifname . ifname; }',
  same_subnet: 'set same_subnet { type ipv4_addr . ipv4_addr; flags interval; }',
  outbound: 'set outbound { type ipv4_addr; flags interval; }',
  published: 'map published { type inet_proto . inet_service : ipv4_addr . inet_service; }',
  published_at: 'map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }',
} as const;

type SetName = keyof typeof sets;

const setNames = Object.keys(sets) as readonly SetName[];

/** Elements of each set, as nftables writes them; those of maps with their value. */
export type NftPlan = Readonly<Record<SetName, readonly string[]>>;

const chains = `
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
    # route_localnet lets the host talk to containers from 127.0.0.1; containers have no business there.
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain publish {
    fib daddr type != local return
    dnat ip to ip daddr . meta l4proto . th dport map @published_at
    dnat ip to meta l4proto . th dport map @published
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    # A neighbour on the wire could address 127.0.0.1 and reach what is published for this host alone.
    ip daddr 127.0.0.0/8 return
    meta l4proto { tcp, udp } jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    meta l4proto { tcp, udp } jump publish
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    # To itself or a neighbour through the host's address: the answer must come back through the host.
    ct status dnat ip saddr . ip daddr @same_subnet masquerade
    ip saddr @outbound oifname != @bridges masquerade
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
    oifname @bridges drop
  }`;

/** What has to be in the sets. Order does not matter and is made the same for the same input. */
export function planNft(networks: readonly NftNetwork[], publications: readonly NftPublication[]): NftPlan {
  const external = networks.filter(({ internal }) => !internal);
  const atAll = publications.filter(({ hostIp }) => hostIp === '0.0.0.0');
  const atOne = publications.filter(({ hostIp }) => hostIp !== '0.0.0.0');
  return {
    bridges: sorted(networks.map(({ bridge }) => quote(bridge))),
    internal: sorted(networks.filter(({ internal }) => internal).map(({ bridge }) => quote(bridge))),
    same_bridge: sorted(networks.map(({ bridge }) => `${quote(bridge)} . ${quote(bridge)}`)),
    same_subnet: sorted(external.map(({ subnet }) => `${subnet} . ${subnet}`)),
    outbound: sorted(external.map(({ subnet }) => subnet)),
    published: sorted(atAll.map((entry) => `${entry.protocol} . ${entry.port} : ${destination(entry)}`)),
    published_at: sorted(
      atOne.map((entry) => `${entry.hostIp} . ${entry.protocol} . ${entry.port} : ${destination(entry)}`),
    ),
  };
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
  const elements = setNames.map((name) => renderElements('add', table, name, plan[name])).join('');
  return `${replace}table ${table} {\n${declarations}${chains}\n}\n${elements}`;
}

/** From one plan to the next, touching only what differs; empty when nothing does. */
export function renderNftChange(table: string, before: NftPlan, after: NftPlan): string {
  if (before.bridges.length === 0 && after.bridges.length === 0) return '';
  if (before.bridges.length === 0 || after.bridges.length === 0) return renderNft(table, after);
  return [
    // Deletions come first: the same key may get another value.
    ...setNames.map((name) => renderElements('delete', table, name, without(before[name], after[name]).map(keyOf))),
    ...setNames.map((name) => renderElements('add', table, name, without(after[name], before[name]))),
  ].join('');
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

function destination({ address, target }: NftPublication): string {
  return `${address} . ${target}`;
}

function quote(name: string): string {
  return `"${name}"`;
}

function sorted(elements: readonly string[]): readonly string[] {
  return [...new Set(elements)].sort();
}
