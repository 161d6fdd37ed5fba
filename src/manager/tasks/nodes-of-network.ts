import { isEncrypted } from '../../model/network-options.ts';
import type { NetworkObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';
import { canEncrypt } from '../tunnels/can-encrypt.ts';
import { meshPortsOn } from './mesh-ports-on.ts';

/**
 * Ids of the nodes that a network spans: those that have a container on it, and with a port that every node publishes, all of them. None while
 * that is one node alone, or while others cannot reach it.
 */
export function nodesOfNetwork(view: StoreView, { id: networkId, spec }: NetworkObject): readonly string[] {
  const tasks = view.tasksOfNetwork(networkId);
  const isMeshed = tasks.some((task) => meshPortsOn(view, networkId, task).length > 0);
  const placed = tasks.flatMap(({ nodeId }) => nodeId ?? []);
  // Who cannot encrypt leads nobody to the others; who has a container of it says so itself.
  const leading = view.all('node').filter(({ description }) => !isEncrypted(spec) || canEncrypt(description));
  const nodes = new Set(isMeshed ? [...placed, ...leading.map(({ id }) => id)] : placed);
  const reachable = [...nodes].filter((id) => (view.get('node', id)?.address ?? '') !== '');
  return reachable.length > 1 ? reachable.sort() : [];
}
