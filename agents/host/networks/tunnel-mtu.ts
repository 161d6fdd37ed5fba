import { isIPv6 } from 'node:net';

/** What a tunnel puts around a packet: an Ethernet header, VXLAN and UDP. */
const vxlanBytes = 14 + 8 + 8;

/** What WireGuard puts around what it encrypts: UDP, its own header, and behind the content a tag. It fills up nothing beyond its own MTU. */
const wireguardBytes = 8 + 16 + 16;

/**
 * Largest packet inside tunnels that begin at an address of this host whose link carries packets of `linkMtu`. For encrypted ones it is what fits by
 * WireGuard, whichever way the other hosts go: a network has one size, and ESP, of 34 to 37 bytes and inside the one IP header (RFC 4303, RFC 4106),
 * needs less.
 */
export function tunnelMtu(address: string, linkMtu: number, isEncrypted: boolean): number {
  const header = isIPv6(address) ? 40 : 20;
  const room = linkMtu - header - vxlanBytes;
  return isEncrypted ? room - header - wireguardBytes : room;
}
