import { nodeEncryption } from '../../model/node-encryption.ts';
import type { NodeDescription } from '../../model/objects.ts';

/** Whether the kernel of such a node may be able to encrypt what goes to other nodes (IPsec ESP with AES-GCM, whatever else it has). */
export function canEncrypt(description: Pick<NodeDescription, 'kernelFeatures'>): boolean {
  return nodeEncryption(description) !== 'none';
}
