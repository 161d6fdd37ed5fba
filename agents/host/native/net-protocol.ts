import type { IdRange } from '../users/id-range.ts';

/** Requests to tsstack-net and its replies (docs/native.md, section 6), with the field names of the C side. */

interface NetInterface {
  readonly name: string;
  readonly network: string;
  /** Null with `parent`. */
  readonly bridge: string | null;
  /** The link of the host whose wire the interface is on, in place of a bridge. */
  readonly parent: { readonly link: string; readonly kind: 'macvlan' | 'ipvlan'; readonly mode: string } | null;
  /** Null lets the kernel choose. */
  readonly mac: string | null;
  /** With prefix length. */
  readonly addresses: readonly string[];
  /** Default routes; at most one interface of a sandbox has one of each family. */
  readonly gateways: readonly string[];
  readonly mtu: number;
  /** Reaches the host and not its neighbours on the bridge. */
  readonly isolated: boolean;
  readonly routes: readonly { readonly destination: string; readonly gateway: string | null }[];
}

interface NetPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** `*` = every address of both families, at one number. */
  readonly hostIp: string;
  /** Wanted: the first of a range, 0 = any free one. In replies: the reserved one. */
  readonly port: number;
}

/** A wanted port; `last` ends a range that begins at `port`. */
export interface NetPortWish extends NetPort {
  readonly last: number;
}

interface EnsureNetworkRequest {
  readonly op: 'network.ensure';
  readonly id: string;
  /** Labels the bridge: tells the daemons of one machine apart. */
  readonly owner: string;
  readonly bridge: string;
  readonly addresses: readonly string[];
  /** Of the bridge: differs from host to host. */
  readonly mac: string;
  readonly mtu: number;
  readonly internal: boolean;
}

/** The tunnel of a network that other hosts are on, too. */
export interface TunnelRequest {
  readonly owner: string;
  readonly bridge: string;
  readonly vni: number;
  readonly port: number;
  /** Address of this host, where its tunnels end. */
  readonly local: string;
  readonly mtu: number;
  /** Refused unless `ipsec.set` has seen to it that nothing goes to this port in clear. */
  readonly encrypted: boolean;
  /** The containers here and elsewhere do not reach each other; hosts reach them all. */
  readonly isolated: boolean;
  /** This host's own addresses on the network, with prefix length. */
  readonly own: readonly string[];
  /** Who is elsewhere, by MAC: the host that has it, and its addresses on the network. */
  readonly peers: Readonly<Record<string, { readonly host: string; readonly addresses: readonly string[] }>>;
}

/** What a network has beside its bridge; without a tunnel it is on this host alone. */
export interface OverlayRequest extends Partial<TunnelRequest> {
  readonly op: 'overlay.set';
  readonly network: string;
  /** Addresses of the other hosts on the network, by the mark of connections that came by way of them. */
  readonly nodes: Readonly<Record<string, readonly string[]>>;
  /** Chains of an nftables table (inet) in each sandbox of the network; null = none. */
  readonly rules: string | null;
  /** Where the rules lead new flows, by the address of the service: UDP flows from the sandboxes that lead elsewhere begin anew. */
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/** Everything that is encrypted between this host and others. */
export interface IpsecRequest {
  readonly op: 'ipsec.set';
  readonly owner: string;
  /** Address of this host; null = nothing is encrypted any more. */
  readonly local: string | null;
  /** UDP port to which nothing goes, and at which nothing is taken, that is not encrypted. */
  readonly port: number;
  readonly associations: readonly IpsecAssociation[];
}

/** One key for one direction between this host and another one. */
export interface IpsecAssociation {
  readonly source: string;
  readonly destination: string;
  /** Number in each packet by which the receiver finds the key. */
  readonly spi: number;
  /** AES-128 key and salt of RFC 4106: 20 bytes as hexadecimal digits. */
  readonly key: string;
}

/** The other hosts to which what `ipsec.set` has its hand on goes by WireGuard instead. Always after that, for the same address and port. */
export interface WireguardRequest {
  readonly op: 'wireguard.set';
  readonly owner: string;
  /** Address of this host; null = nothing goes by WireGuard any more. */
  readonly local: string | null;
  /** UDP port whose packets are encrypted. */
  readonly port: number;
  /** UDP port at which WireGuard takes what others send. */
  readonly listen: number;
  /** X25519: 32 bytes as hexadecimal digits; null when `local` is. */
  readonly privateKey: string | null;
  readonly peers: readonly WireguardPeer[];
}

interface WireguardReply {
  /** Addresses of peers that have not answered in time, as far as is known: what goes there goes by IPsec. */
  readonly silent: readonly string[];
}

interface WireguardPeer {
  readonly address: string;
  /** X25519: 32 bytes as hexadecimal digits. */
  readonly publicKey: string;
  /** UDP port at which its WireGuard takes what it is sent. */
  readonly port: number;
}

export interface EnsureSandboxRequest {
  readonly op: 'sandbox.ensure';
  /** The namespace belongs to a new user namespace, mounted at `PATH.user`, where these ids of the host are 0 and following; null = to the host. */
  readonly users: IdRange | null;
  readonly id: string;
  readonly path: string;
  readonly hostname: string;
  readonly interfaces: readonly NetInterface[];
  /** Null: no name server at 127.0.0.11. */
  readonly dns: {
    /** In the order in which names are looked up. */
    readonly networks: readonly string[];
    readonly upstreams: readonly string[];
    /** Unknown names do not exist; nothing is forwarded. */
    readonly internal: boolean;
    /** Names of this sandbox alone, and the names that they stand for. */
    readonly links: Readonly<Record<string, string>>;
  } | null;
  readonly sysctls: Readonly<Record<string, string>>;
}

interface SetNamesRequest {
  readonly op: 'dns.set';
  readonly network: string;
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly reverse: Readonly<Record<string, string>>;
}

/** One atomic transaction. */
interface NftRequest {
  readonly op: 'nft';
  readonly script: string;
  /** What makes the table anew if somebody flushes it (null: the table is no more). */
  readonly keep: { readonly table: string; readonly script: string | null };
}

interface ForgetFlowsRequest {
  readonly op: 'conntrack.forget';
  /** Where UDP ports of the host lead to; flows that lead elsewhere begin anew. */
  readonly ports: Readonly<Record<number, readonly string[]>>;
  /** Addresses of containers that the ports have led to before. */
  readonly gone: readonly string[];
}

export type NetRequest =
  | EnsureNetworkRequest
  | { readonly op: 'network.remove'; readonly id: string; readonly bridge: string }
  | { readonly op: 'network.list'; readonly owner: string }
  | OverlayRequest
  | IpsecRequest
  | WireguardRequest
  | { readonly op: 'wireguard.probe' }
  | { readonly op: 'overlay.remove'; readonly network: string }
  | EnsureSandboxRequest
  | { readonly op: 'sandbox.refresh'; readonly id: string }
  | { readonly op: 'sandbox.remove'; readonly id: string; readonly path: string }
  | { readonly op: 'sandbox.list' }
  | SetNamesRequest
  | { readonly op: 'dns.remove'; readonly network: string }
  | NftRequest
  | { readonly op: 'guard'; readonly bridges: readonly string[] }
  /** `from`: whose ports of the same number become this one's. */
  | { readonly op: 'ports.reserve'; readonly id: string; readonly ports: readonly NetPortWish[]; readonly from?: string }
  | { readonly op: 'ports.release'; readonly id: string }
  | { readonly op: 'ports.list' }
  | ForgetFlowsRequest
  | { readonly op: 'ping' }
  | { readonly op: 'shutdown' };

interface Replies {
  readonly 'network.list': { readonly networks: readonly { readonly id: string; readonly bridge: string }[] };
  readonly 'sandbox.list': {
    readonly sandboxes: readonly { readonly id: string; readonly path: string; readonly networks: readonly string[] }[];
  };
  /** Whether the kernel has WireGuard; `reason` only where it has not. */
  readonly 'wireguard.set': WireguardReply;
  readonly 'wireguard.probe': { readonly available: boolean; readonly reason?: string };
  readonly guard: { readonly warnings: readonly string[] };
  readonly 'ports.reserve': { readonly ports: readonly NetPort[] };
  readonly 'ports.list': { readonly ids: readonly string[] };
  readonly ping: { readonly pid: number };
}

/** What a request is answered with; nothing of interest for most. */
export type NetReply<Request extends NetRequest> = Request['op'] extends keyof Replies
  ? Replies[Request['op']]
  : object;
