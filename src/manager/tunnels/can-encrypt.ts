import type { NodeDescription } from '../../model/objects.ts';

/** Whether the kernel of such a node may be able to encrypt what goes to other nodes (IPsec ESP with AES-GCM). */
export function canEncrypt({ kernelFeatures }: Pick<NodeDescription, 'kernelFeatures'>): boolean {
  return kernelFeatures['ipsec-esp'] !== 'missing' && kernelFeatures['aes-gcm'] !== 'missing';
}
