import { isIPv6 } from 'node:net';

/** What a tunnel puts around a packet: an Ethernet header, VXLAN and UDP. */
const vxlanBytes = 14 + 8 + 8;

/** What ESP with AES-GCM adds (RFC 4303, RFC 4106): before the content its own header and a nonce, behind it a tag of 16 bytes. */
const espBytes = 8 + 8 + 16;

/** Two more bytes of ESP are behind the content, which is filled up so that both together are a multiple of four. */
const trailerBytes = 2;
const alignment = 4;

/** Largest packet inside tunnels that begin at an address of this host whose link carries packets of `linkMtu`. */
export function tunnelMtu(address: string, linkMtu: number, isEncrypted: boolean): number {
  const room = linkMtu - (isIPv6(address) ? 40 : 20);
  if (!isEncrypted) return room - vxlanBytes;
  return Math.floor((room - espBytes) / alignment) * alignment - trailerBytes - vxlanBytes;
}
