import { runCommand } from './underlay.ts';

const table = 'bridge watch';
const kinds = ['esp', 'udp', 'other'] as const;

/** Packets by what an onlooker takes them for. */
export type Seen = Readonly<Record<(typeof kinds)[number], number>>;

/** Looks at everything that hosts of an Underlay send each other. `other` is without what finds neighbours and what ICMP says. */
export class TunnelWatch {
  constructor() {
    const rules = [
      'ether type arp accept',
      'meta l4proto esp counter name seen_esp accept',
      'meta l4proto udp counter name seen_udp accept',
      'meta l4proto { icmp, ipv6-icmp } accept',
      'counter name seen_other',
    ];
    const counters = kinds.map((kind) => `counter seen_${kind} {\n}`);
    const chain = ['chain forward {', 'type filter hook forward priority -10', ...rules, '}'];
    runCommand('nft', `table ${table} {\n${[...counters, ...chain].join('\n')}\n}`);
  }

  /** What has been seen since the last time. */
  take(): Seen {
    const text = runCommand('nft', '-j', 'reset', 'counters', 'table', ...table.split(' '));
    const { nftables } = JSON.parse(text) as { nftables: readonly { counter?: { name: string; packets: number } }[] };
    const packetsOf = (kind: string): number =>
      nftables.find(({ counter }) => counter?.name === `seen_${kind}`)?.counter?.packets ?? Number.NaN;
    return { esp: packetsOf('esp'), udp: packetsOf('udp'), other: packetsOf('other') };
  }

  close(): void {
    runCommand('nft', 'delete', 'table', ...table.split(' '));
  }
}
