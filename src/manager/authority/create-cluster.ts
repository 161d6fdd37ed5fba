import type { ClusterObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import { InvalidRequestError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { nextTunnelKeys } from '../tunnels/rotate-tunnel-keys.ts';
import { createAuthority } from './certificates.ts';
import { findCluster, putCluster, type ClusterSecrets } from './cluster-object.ts';
import { newSecret } from './join-token.ts';

const day = 86_400_000;

/** Like docker swarm's. A certificate is renewed long before. */
const defaultLifetimeMs = 90 * day;
const shortestLifetimeMs = 3_600_000;
/** No node outlives the authority. */
const longestLifetimeMs = 3650 * day;

/** Makes the store that of a cluster: with an authority and with join tokens. `lifetimeMs` of certificates; 0 = 90 days. */
export async function createCluster(store: Store, lifetimeMs: number, now: Date): Promise<void> {
  const certificateLifetimeMs = lifetimeMs === 0 ? defaultLifetimeMs : lifetimeMs;
  if (certificateLifetimeMs < shortestLifetimeMs || certificateLifetimeMs > longestLifetimeMs)
    throw new InvalidRequestError('lifetime of certificates: it has to be between an hour and ten years');
  const authority = await createAuthority(store.clusterId, now);
  const secrets: ClusterSecrets = {
    authorityKey: authority.key,
    joinSecrets: { worker: newSecret(), manager: newSecret() },
    tunnelKeys: nextTunnelKeys([], 1),
  };
  const cluster: ClusterObject = {
    kind: 'cluster',
    id: store.clusterId,
    version: 0,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    authorities: [authority.certificate],
    crossCertificate: null,
    certificateLifetimeMs,
    removedNodes: {},
    revokedSerials: {},
    tunnelKeys: { generation: 1, rotatedAt: now.toISOString() },
  };
  await store.update((view) => {
    if (findCluster(view) !== undefined) throw new TsstackError('exists', 'this host is in a cluster already');
    return { changes: [putCluster(cluster, secrets)], result: undefined };
  });
}
