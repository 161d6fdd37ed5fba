/** Who is on a network, on whichever node: what a node needs to forward packets, answer names and balance connections. */
import { createHash } from 'node:crypto';
import { shortId } from './ids.ts';
import type { PublishedPort, TaskAttachment, TaskObject } from './objects.ts';

/** Derived by the dispatcher for the nodes of a network, and stored nowhere. */
export interface EndpointsObject {
  readonly kind: 'endpoints';
  /** `endpoints-` and the id of the network. */
  readonly id: string;
  /** Grows with each change for as long as the manager lives. */
  readonly version: number;
  readonly networkId: string;
  /** Every node of the network, also the one that reads this. */
  readonly nodes: readonly EndpointNode[];
  readonly tasks: readonly EndpointTask[];
  readonly services: readonly EndpointService[];
  /** Null where the hosts may send each other everything in clear. */
  readonly encryption: TunnelEncryption | null;
}

/** The keys that everything between the hosts of encrypted networks is encrypted with, together with those of the two hosts. */
export interface TunnelEncryption {
  /** The key to send with. */
  readonly generation: number;
  /** The ones before and after it too: not all hosts hear of a change at the same time. Filled in on the way to the nodes only. */
  readonly keys: readonly TunnelKey[];
}

export interface TunnelKey {
  readonly generation: number;
  /** 32 random bytes, base64. */
  readonly key: string;
}

/** A host on the network. */
export interface EndpointNode {
  readonly nodeId: string;
  /** Where the other hosts reach it: the end of its tunnels. */
  readonly address: string;
  /** Its own addresses on the network; empty until they have been chosen. */
  readonly addresses: readonly string[];
  /** Of its bridge. */
  readonly mac: string;
  /** `tunnelNumber`, `tunnelKey` and `tunnelPort` of the node, on networks that are encrypted. */
  readonly tunnel: { readonly number: number; readonly key: string; readonly port: number } | null;
}

/** A container on the network. */
export interface EndpointTask {
  readonly taskId: string;
  readonly nodeId: string;
  readonly serviceId: string;
  readonly service: string;
  readonly containerName: string;
  /** Without prefix length. */
  readonly addresses: readonly string[];
  readonly mac: string;
  /** Names that are its own. */
  readonly names: readonly string[];
  /** Names that it shares with the other containers of its service: that of the service, and aliases. Empty for most one-off containers. */
  readonly serviceNames: readonly string[];
  /** Ports of its service at every node that lead to its addresses on this network. */
  readonly ports: readonly PublishedPort[];
  /** Whether its names resolve: it runs, on a node that is up. */
  readonly isRunning: boolean;
  /** Whether connections may be led to it: it runs, is to go on, and is not known to be anything but healthy. */
  readonly isServing: boolean;
}

/** A service with an address of its own. */
export interface EndpointService {
  readonly serviceId: string;
  readonly service: string;
  /** One of each family. */
  readonly virtualAddresses: readonly string[];
}

/** Id of the object for a network. */
export function endpointsId(networkId: string): string {
  return `endpoints-${networkId}`;
}

/** MAC of a node's bridge on a network: differs from node to node, so that answers find the host that a request came by. */
export function nodeMac(nodeId: string, networkId: string): string {
  const digits = createHash('sha256').update(`tsstack bridge ${networkId} ${nodeId}`).digest('hex').slice(0, 10);
  // 0a: administered locally, for one receiver, and none of those that addresses of containers are made into.
  return ['0a', ...(digits.match(/../g) ?? [])].join(':');
}

/** Names of a container on one of its networks. One-off containers answer to those of their service only when asked to. */
export function endpointNames(
  task: Pick<TaskObject, 'id' | 'service' | 'containerName' | 'oneOff'>,
  { aliases }: Pick<TaskAttachment, 'aliases'>,
): Pick<EndpointTask, 'names' | 'serviceNames'> {
  const own = new Set([task.containerName, shortId(task.id)].map(toLower));
  const isOfService = task.oneOff === null || task.oneOff.useAliases;
  const shared = isOfService ? [task.service, ...aliases].map(toLower).filter((name) => !own.has(name)) : [];
  return { names: [...own], serviceNames: [...new Set(shared)] };
}

function toLower(name: string): string {
  return name.toLowerCase();
}
