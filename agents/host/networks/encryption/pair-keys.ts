/** Keys of what two hosts send each other. */
import { createPublicKey, diffieHellman, hkdfSync } from 'node:crypto';
import type { TunnelIdentity } from './tunnel-identity.ts';

/** AES-128 and the salt of RFC 4106. */
const pairKeyBytes = 16 + 4;

const purpose = Buffer.from('tsstack tunnel');

/**
 * The secret that this host shares with the one that has that public key (32 bytes, base64): only the two can make it (RFC 7748). Throws for bytes
 * that are no key.
 */
export function sharedSecret({ privateKey }: TunnelIdentity, otherKey: string): Buffer {
  const x = Buffer.from(otherKey, 'base64').toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  return diffieHellman({ privateKey, publicKey });
}

/**
 * The key for what the one sends the other, as hexadecimal digits (RFC 5869). Each direction, each pair of hosts and each generation has its own, so that
 * AES-GCM never sees a nonce twice with one key: packets are numbered from 0 by each sender. That the manager's key is part of it makes a rotation.
 */
export function pairKey(secret: Buffer, networkKey: string, from: Buffer, to: Buffer): string {
  const context = Buffer.concat([purpose, from, to]);
  return Buffer.from(hkdfSync('sha256', secret, Buffer.from(networkKey, 'base64'), context, pairKeyBytes)).toString(
    'hex',
  );
}
