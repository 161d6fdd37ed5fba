/** Loop: gives encrypted networks new keys twice a day. */
import type { ClusterSecrets } from '../authority/cluster-object.ts';
import { findCluster, putCluster } from '../authority/cluster-object.ts';
import type { Reconciliation, TimedReconciler } from '../loops/reconcile-loop.ts';
import { subjectOf } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { rotateTunnelKeys } from './rotate-tunnel-keys.ts';

/** As docker swarm does (semantics.md, section 5). It follows from the store, so that a change of managers does not put it off. */
const lifetimeMs = 12 * 3_600_000;

/** `readSecrets` gives the secrets of the cluster that the store has. */
export function tunnelKeyRotation(readSecrets: () => ClusterSecrets): TimedReconciler<'cluster'> {
  return {
    name: 'tunnel-key-rotation',
    concerns: (change) => (subjectOf(change).kind === 'cluster' ? ['cluster'] : []),
    everything: () => ['cluster'],
    reconcile: (view, _keys, now) => reconcile(view, readSecrets, now),
  };
}

function reconcile(view: StoreView, readSecrets: () => ClusterSecrets, now: string): Reconciliation<'cluster'> {
  const cluster = findCluster(view);
  if (cluster === undefined) return { changes: [], lookAgainAt: new Map() };
  const dueMs = Date.parse(cluster.tunnelKeys.rotatedAt) + lifetimeMs;
  if (dueMs > Date.parse(now)) return { changes: [], lookAgainAt: new Map([['cluster', dueMs]]) };
  return { changes: [putCluster(...rotateTunnelKeys(cluster, readSecrets(), now))], lookAgainAt: new Map() };
}
