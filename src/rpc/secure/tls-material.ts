import type { SecureContextOptions } from 'node:tls';
import type { NodeIdentity } from './node-identity.ts';

/** With what a node shows who it is. All texts are PEM. */
export interface TlsIdentity extends NodeIdentity {
  readonly key: string;
  /** The node's certificate, then what leads to an authority that others may still rely on. */
  readonly chain: string;
  /** Authorities whose certificates count. */
  readonly authorities: string;
}

/** Options of both ends: nothing older than TLS 1.3 is spoken. */
export function secureOptions({
  key,
  chain,
  authorities,
}: Pick<TlsIdentity, 'key' | 'chain' | 'authorities'>): SecureContextOptions {
  return { key, cert: chain, ca: authorities, minVersion: 'TLSv1.3' };
}
