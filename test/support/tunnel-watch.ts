import { wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import { runCommand } from './underlay.ts';

const table = 'bridge watch';

/** Packets by what an onlooker takes them for. `other` is without what finds neighbours and what ICMP says; pieces of packets count there. */
export interface Seen {
  readonly wireguard: number;
  readonly esp: number;
  readonly udp: number;
  readonly other: number;
}

/** The rules, in their order, of what is counted. */
const rules: readonly (readonly [match: string, kind: keyof Seen | null])[] = [
  ['ether type arp', null],
  // By the flag and the offset of RFC 791, section 3.1.
  ['ip frag-off & 0x3fff != 0', 'other'],
  ['ether type ip6 exthdr frag exists', 'other'],
  ['meta l4proto icmp', null],
  ['meta l4proto ipv6-icmp', null],
  ['meta l4proto esp', 'esp'],
  [`udp dport ${wireguardPort}`, 'wireguard'],
  ['meta l4proto udp', 'udp'],
  ['', 'other'],
];

interface Listing {
  readonly nftables: readonly {
    readonly rule?: { readonly expr: readonly { readonly counter?: { readonly packets: number } }[] };
  }[];
}

/** Looks at everything that hosts of an Underlay send each other. */
export class TunnelWatch {
  #taken: Seen = { wireguard: 0, esp: 0, udp: 0, other: 0 };

  constructor() {
    const lines = rules.map(([match]) => `${match} counter accept`);
    runCommand(
      'nft',
      `table ${table} {\nchain forward {\ntype filter hook forward priority -10\n${lines.join('\n')}\n}\n}`,
    );
  }

  /** What has been seen since the last time. */
  take(): Seen {
    const { nftables } = JSON.parse(runCommand('nft', '-j', 'list', 'table', ...table.split(' '))) as Listing;
    const counts = nftables.flatMap(({ rule }) => rule?.expr.flatMap(({ counter }) => counter?.packets ?? []) ?? []);
    const sum = (kind: keyof Seen): number =>
      rules.reduce((total, [, one], index) => total + (one === kind ? (counts[index] ?? Number.NaN) : 0), 0);
    const seen = { wireguard: sum('wireguard'), esp: sum('esp'), udp: sum('udp'), other: sum('other') };
    const { wireguard, esp, udp, other } = this.#taken;
    this.#taken = seen;
    return {
      wireguard: seen.wireguard - wireguard,
      esp: seen.esp - esp,
      udp: seen.udp - udp,
      other: seen.other - other,
    };
  }

  close(): void {
    runCommand('nft', 'delete', 'table', ...table.split(' '));
  }
}
