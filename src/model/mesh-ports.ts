/** Published ports that lead to a service from every node: one number for all its containers. */
import type { PublishedPort } from './objects.ts';
import type { PortSpec } from './spec.ts';

/** Addresses of a node at which every node can publish: all of them, by family, and the one that every host has for itself. */
const everywhere: ReadonlySet<string | null> = new Set([null, '0.0.0.0', '::', '127.0.0.1']);

/**
 * Whether a port is that of the service, at every node of a cluster, and not that of one container at its own node. Only one that is named can be
 * the same everywhere: any free one, or one of a range, is chosen for each container where it is, as on one host.
 */
export function isMeshPort({ mode, hostIp, published }: PortSpec): boolean {
  return mode === 'ingress' && published !== null && published.from === published.to && everywhere.has(hostIp);
}

/** A mesh port where it leads to a container's address of that family; empty when it is asked for in the other one alone. */
export function meshPort({ target, protocol, hostIp, published }: PortSpec, family: 4 | 6): readonly PublishedPort[] {
  const address = hostIp ?? (family === 4 ? '0.0.0.0' : '::');
  if (address.includes(':') !== (family === 6) || published === null) return [];
  return [{ target, protocol, hostIp: address, published: published.from }];
}
