import { createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls';
import { TsstackError } from '../../model/errors.ts';
import type { TlsIdentity } from './tls-material.ts';

/** What a client takes for a manager, and what it shows of itself. */
export interface Trust {
  /** PEM of the authorities whose certificates count. Null: anybody's, to ask somebody who they are before anything is told. */
  readonly authorities: string | null;
  /** Null without a certificate. */
  readonly identity: TlsIdentity | null;
}

/** Name that clients ask for in the handshake, where names of hosts have no meaning: the certificate says who somebody is, not where. */
export const serverName = 'tsstack-manager';

/** Options of one handshake, as `tls.connect` takes them. */
interface HandshakeOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername: string;
  readonly checkServerIdentity: (name: string, certificate: PeerCertificate) => Error | undefined;
}

/** What a handshake with a manager takes. */
export function tlsOptions(trust: Trust): HandshakeOptions {
  const { authorities, identity } = trust;
  return {
    secureContext: createSecureContext({
      minVersion: 'TLSv1.3',
      ...(authorities === null ? {} : { ca: authorities }),
      ...(identity === null ? {} : { key: identity.key, cert: identity.chain }),
    }),
    rejectUnauthorized: authorities !== null,
    checkServerIdentity: (_name, certificate) => checkManager(trust, certificate),
    servername: serverName,
  };
}

/** Undefined when the certificate, which is of an authority that counts, is that of a manager of the cluster; else the reason. */
function checkManager({ identity }: Trust, certificate: PeerCertificate): Error | undefined {
  const { OU, O } = certificate.subject;
  if (OU !== 'manager') return new TsstackError('permission', 'the other side is no manager');
  if (identity !== null && O !== identity.clusterId)
    return new TsstackError('permission', 'the other side is of another cluster');
  return undefined;
}
