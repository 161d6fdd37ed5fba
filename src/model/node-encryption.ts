import type { NodeDescription } from './objects.ts';

/** How a node encrypts what goes to others on encrypted networks: `wireguard` with those that have it as well, and `ipsec` with the rest. */
export type NodeEncryption = 'wireguard' | 'ipsec' | 'none';

/**
 * As far as is known: a kernel that nothing is known of may be able to. IPsec has to be there in any case, as the barrier to what is in clear.
 * `hasWireguard`: whether the node has said so to managers (`tunnelPort`), as each of this version does whose kernel has it.
 */
export function nodeEncryption(
  { kernelFeatures }: Pick<NodeDescription, 'kernelFeatures'>,
  hasWireguard = kernelFeatures.wireguard === 'available',
): NodeEncryption {
  if (kernelFeatures['ipsec-esp'] === 'missing' || kernelFeatures['aes-gcm'] === 'missing') return 'none';
  return hasWireguard ? 'wireguard' : 'ipsec';
}
