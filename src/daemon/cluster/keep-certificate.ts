import type { IssuedCertificate } from '../../rpc/messages.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';
import { trustOf, type Trust } from '../../rpc/secure-client.ts';
import type { RoleContext } from '../roles/role.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import type { Membership } from './cluster-files.ts';

/** What roles do differently about the certificate of their node. */
export interface Renewal {
  /** Asks a manager for a certificate for the key of a PKCS #10 request, as the node that this one is by its present certificate. */
  readonly renew: (certificateRequest: string, trust: Trust) => Promise<IssuedCertificate>;
  /** Begins to use the new identity, which is on the disk by then. */
  readonly onRenewed: (identity: TlsIdentity) => void;
}

/** Keeps the certificate of this node good, from the one that is on the disk. */
export function keepCertificate(
  { files, log }: Pick<RoleContext, 'files' | 'log'>,
  membership: Membership,
  { renew, onRenewed }: Renewal,
): CertificateKeeper {
  const keeper: CertificateKeeper = new CertificateKeeper({
    identity: files.readIdentity(membership),
    renew: (certificateRequest) => renew(certificateRequest, trustOf(keeper.identity)),
    onRenewed: (identity) => {
      files.writeIdentity(identity.key, identity);
      onRenewed(identity);
    },
    log,
  });
  return keeper;
}
