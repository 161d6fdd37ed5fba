import type { X509Certificate } from 'node:crypto';

/** What a node's certificate says of it. */
export interface NodeIdentity {
  readonly nodeId: string;
  readonly role: 'worker' | 'manager';
  readonly clusterId: string;
}

/** The identity in the subject of a certificate (CN, OU, O); null when it is none of a node. */
export function identityOf(certificate: X509Certificate): NodeIdentity | null {
  // One line a part; the names that authorities of ours give contain nothing that would be escaped.
  const parts = new Map(certificate.subject.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const [nodeId, role, clusterId] = [parts.get('CN'), parts.get('OU'), parts.get('O')];
  if (nodeId === undefined || clusterId === undefined || (role !== 'worker' && role !== 'manager')) return null;
  return { nodeId, role, clusterId };
}
