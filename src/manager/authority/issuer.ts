import { X509Certificate } from 'node:crypto';
import type { ClusterObject, NodeCertificate, NodeObject } from '../../model/objects.ts';
import type { IssuedCertificate } from '../../rpc/messages.ts';
import type { Store } from '../store/store.ts';
import { withoutExpired } from '../nodes/node-role.ts';
import { getCluster, readSecrets, type NodeRole } from './cluster-object.ts';
import { authorityDigest } from './join-token.ts';

/** A certificate for a node, and what the node's object says of it. */
export interface Issue {
  readonly issued: IssuedCertificate;
  readonly certificate: NodeCertificate;
  /** Hexadecimal. */
  readonly serial: string;
}

/** Who gets a certificate. */
export interface CertifiedNode {
  readonly id: string;
  readonly role: NodeRole;
  /** Where other nodes reach it. */
  readonly address: string;
}

/** Certifies the key in a PKCS #10 request for a node of the store's cluster. */
export async function issueFor(store: Store, request: string, node: CertifiedNode, now: Date): Promise<Issue> {
  const { issueCertificate } = await import('./certificates.ts');
  const cluster = getCluster(store.view);
  const signer = signerOf(cluster);
  const leaf = await issueCertificate(
    { key: readSecrets(store).authorityKey, certificate: signer },
    request,
    { nodeId: node.id, role: node.role, clusterId: cluster.id },
    { lifetimeMs: cluster.certificateLifetimeMs, now, memberAddress: node.role === 'manager' ? node.address : '' },
  );
  const { validToDate, serialNumber } = new X509Certificate(leaf);
  return {
    issued: { chain: leaf + (cluster.crossCertificate ?? ''), authorities: cluster.authorities.join('') },
    certificate: { authority: authorityDigest(signer), expiresAt: validToDate.toISOString() },
    serial: serialNumber,
  };
}

/** The node with its new certificate. */
export function certified(node: NodeObject, { certificate, serial }: Omit<Issue, 'issued'>, now: Date): NodeObject {
  if (node.role !== 'manager') return { ...node, certificate };
  const managerSerials = { ...withoutExpired(node.managerSerials, now), [serial]: certificate.expiresAt };
  return { ...node, certificate, managerSerials };
}

/** PEM of the authority that signs. */
export function signerOf({ id, authorities }: ClusterObject): string {
  const signer = authorities[0];
  if (signer === undefined) throw new TypeError(`cluster ${id} has no authority`);
  return signer;
}
