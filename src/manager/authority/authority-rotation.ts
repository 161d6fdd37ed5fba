/** Loop: forgets the authorities before the present one when no node is left with a certificate of theirs. */
import type { ClusterObject, NodeObject } from '../../model/objects.ts';
import type { Reconciler } from '../loops/reconcile-loop.ts';
import { put, subjectOf, type Change, type ObjectChange } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { findCluster } from './cluster-object.ts';
import { signerOf } from './issuer.ts';
import { authorityDigest } from './join-token.ts';

export const authorityRotation: Reconciler<'cluster'> = {
  name: 'authority-rotation',
  concerns,
  everything: () => ['cluster'],
  reconcile,
};

/** A node that has another certificate, or is gone; the cluster itself. */
function concerns(change: ObjectChange): readonly 'cluster'[] {
  const { kind } = subjectOf(change);
  if (kind === 'cluster') return ['cluster'];
  const authorityOf = (state: ObjectChange['after']): string | undefined =>
    state?.kind === 'node' ? state.certificate?.authority : undefined;
  return kind === 'node' && authorityOf(change.before) !== authorityOf(change.after) ? ['cluster'] : [];
}

function reconcile(view: StoreView): readonly Change[] {
  const cluster = findCluster(view);
  if (cluster === undefined || !isRotating(cluster) || outdatedNodes(view).length > 0) return [];
  return [put({ ...cluster, authorities: [signerOf(cluster)], crossCertificate: null })];
}

/** Whether certificates of more than one authority count. */
export function isRotating({ authorities }: ClusterObject): boolean {
  return authorities.length > 1;
}

/** Nodes whose certificates are of an authority that was replaced. */
export function outdatedNodes(view: StoreView): readonly NodeObject[] {
  const cluster = findCluster(view);
  if (cluster === undefined || !isRotating(cluster)) return [];
  const current = authorityDigest(signerOf(cluster));
  return view.all('node').filter(({ certificate }) => certificate !== null && certificate.authority !== current);
}
