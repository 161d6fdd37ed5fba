import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../../../agents/host/images/store/write-atomically.ts';
import { TsstackError } from '../../model/errors.ts';
import type { IssuedCertificate } from '../../rpc/messages.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';

/** What this host is in its cluster. */
export interface Membership {
  readonly role: 'manager' | 'worker';
  readonly nodeId: string;
  readonly clusterId: string;
  /** Where other nodes reach this host. */
  readonly address: string;
  /** Nobody has named it: it follows the host's way to its managers. Absent in files of earlier versions, whose hosts keep theirs. */
  readonly isAddressFound?: boolean;
  /** ADDRESS:PORT where a manager listens, and where others reach it; empty on a worker. */
  readonly listen: string;
  readonly managerAddress: string;
  /** ADDRESS:PORT of every manager that is known. */
  readonly managers: readonly string[];
}

/** `cluster/` below the data root: what a host in a cluster has to remember. */
export class ClusterFiles {
  readonly #directory: string;

  constructor(dataRoot: string) {
    this.#directory = join(dataRoot, 'cluster');
  }

  /** The node's key, and its certificate with what leads to an authority. */
  get identityPath(): string {
    return join(this.#directory, 'node.pem');
  }

  get authoritiesPath(): string {
    return join(this.#directory, 'authorities.pem');
  }

  /** Serial numbers of the certificates that the etcd of this host refuses. */
  get revokedPath(): string {
    return join(this.#directory, 'revoked.crl');
  }

  /** Null on a lone host. Written last of all, so that a host is in a cluster with everything that this takes, or not at all. */
  readMembership(): Membership | null {
    if (!existsSync(this.#membership)) return null;
    try {
      return JSON.parse(readFileSync(this.#membership, 'utf8')) as Membership;
    } catch (cause) {
      throw this.#damaged(this.#membership, cause);
    }
  }

  writeMembership(membership: Membership): void {
    this.#prepare();
    writeAtomically(this.#membership, `${JSON.stringify(membership, null, 2)}\n`);
  }

  readIdentity({ nodeId, role, clusterId }: Membership): TlsIdentity {
    try {
      const [key = '', chain = ''] = readFileSync(this.identityPath, 'utf8').split(/(?<=-----END PRIVATE KEY-----\n)/);
      return { nodeId, role, clusterId, key, chain, authorities: readFileSync(this.authoritiesPath, 'utf8') };
    } catch (cause) {
      throw this.#damaged(this.identityPath, cause);
    }
  }

  /** When the certificate of this host expires. */
  certificateExpiresMs(membership: Membership): number {
    return new X509Certificate(this.readIdentity(membership).chain).validToDate.getTime();
  }

  /** Key and certificate are one file: one without the other is of no use. */
  writeIdentity(key: string, { chain, authorities }: IssuedCertificate): void {
    this.#prepare();
    writeAtomically(this.authoritiesPath, authorities);
    writeAtomically(this.identityPath, key + chain);
  }

  writeAuthorities(authorities: string): void {
    writeAtomically(this.authoritiesPath, authorities);
  }

  /** The host is alone again. */
  remove(): void {
    rmSync(this.#membership, { force: true });
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #membership(): string {
    return join(this.#directory, 'membership.json');
  }

  #prepare(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  #damaged(path: string, cause: unknown): TsstackError {
    return new TsstackError('internal', `read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'restore it from a copy; or remove that directory, and join the cluster again: containers are not touched',
    });
  }
}
