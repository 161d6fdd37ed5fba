/** The cluster as the store has it. */
import type { TunnelKey } from '../../model/endpoints.ts';
import type { ClusterObject, NodeObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import type { ClusterFacts } from '../../rpc/messages.ts';
import type { Change } from '../store/change.ts';
import { put } from '../store/change.ts';
import { wantedRole } from '../nodes/node-role.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Store } from '../store/store.ts';

export type NodeRole = NodeObject['role'];

/** What only managers may know. Kept as the sealed content of the cluster's object. */
export interface ClusterSecrets {
  /** PEM (PKCS #8) of the first authority's private key. */
  readonly authorityKey: string;
  /** Secret part of the join token for each role. */
  readonly joinSecrets: Readonly<Record<NodeRole, string>>;
  /** Of encrypted networks: the key in use, the one before and the next one. */
  readonly tunnelKeys: readonly TunnelKey[];
}

/** The cluster; undefined on a lone host. */
export function findCluster(view: StoreView): ClusterObject | undefined {
  return view.all('cluster')[0];
}

/** The cluster; throws on a lone host. */
export function getCluster(view: StoreView): ClusterObject {
  const cluster = findCluster(view);
  if (cluster !== undefined) return cluster;
  throw new TsstackError('conflict', 'this host is in no cluster', {
    hint: 'make one with `tsstack cluster init`, or join one with `tsstack cluster join`',
  });
}

/** The secrets of the store's cluster. */
export function readSecrets(store: Store): ClusterSecrets {
  const { id } = getCluster(store.view);
  const content = store.payloadContent(id);
  if (content === undefined) throw new TsstackError('internal', `read the secrets of cluster ${id}: there are none`);
  // Clusters from before there were encrypted networks have none of their keys.
  return { tunnelKeys: [], ...(JSON.parse(content.toString()) as Omit<ClusterSecrets, 'tunnelKeys'>) };
}

/** Writes the cluster with its secrets. */
export function putCluster(cluster: ClusterObject, secrets: ClusterSecrets): Change {
  return put(cluster, Buffer.from(JSON.stringify(secrets)));
}

/** What that node has to know; null on a lone host. */
export function clusterFacts(view: StoreView, nodeId: string): ClusterFacts | null {
  const cluster = findCluster(view);
  if (cluster === undefined) return null;
  const node = view.get('node', nodeId);
  const role = node === undefined ? '' : wantedRole(node);
  const nodes = view.all('node').length;
  return { managers: managerAddresses(view), authorities: cluster.authorities.join(''), role, nodes };
}

/** ADDRESS:PORT of every manager. */
export function managerAddresses(view: StoreView): readonly string[] {
  return view
    .all('node')
    .filter(({ role, managerAddress }) => role === 'manager' && managerAddress !== '')
    .map(({ managerAddress }) => managerAddress)
    .toSorted();
}
