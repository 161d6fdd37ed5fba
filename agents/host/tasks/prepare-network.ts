import type { NetworkObject, PublishedPort, TaskAttachment, TaskObject } from '../../../src/model/objects.ts';
import { isHeirOf } from '../networks/port-wishes.ts';
import { isGated } from './gated-task.ts';
import { allEnded } from '../all-ended.ts';
import { upstreamServers } from '../containers/network-files.ts';
import { TaskError } from '../errors.ts';
import type { IdRange } from '../users/id-range.ts';
import type { PortOwner } from '../networks/published-ports.ts';
import type { SandboxInterface, TaskHost } from './task-host.ts';

export interface NetworkResult {
  /** Network namespace to join; null = the host's. */
  readonly namespace: string | null;
  readonly ports: readonly PublishedPort[];
}

/**
 * Gives the task its network: a namespace of its own with an interface per network, that of another task, or the host's.
 * `sharedNamespace` is the other task's namespace with network_mode `service:` and `container:`.
 */
export async function prepareNetwork(
  host: Pick<TaskHost, 'networks' | 'paths' | 'resolver'>,
  task: TaskObject,
  networks: readonly NetworkObject[],
  sharedNamespace: string | null,
  users: IdRange | null,
): Promise<NetworkResult> {
  const { networkMode } = task.spec;
  if (networkMode.kind === 'host') return { namespace: null, ports: [] };
  if (networkMode.kind === 'service' || networkMode.kind === 'container')
    return { namespace: sharedNamespace, ports: [] };
  const interfaces = interfacesOf(task, networks);
  await allEnded(interfaces.map(({ network }) => host.networks.ensureNetwork(network)));
  const path = host.paths.container(task.id).networkNamespace;
  const [, ports] = await allEnded([
    host.networks.ensureSandbox({
      id: task.id,
      path,
      users,
      hostname: task.containerName,
      interfaces,
      links: task.spec.links,
      upstreams: upstreamServers(task.spec.container, host.resolver()),
    }),
    publishPorts(host, task, interfaces),
  ]);
  return { namespace: path, ports };
}

/** The places of a task in its networks. */
export function interfacesOf(task: TaskObject, networks: readonly NetworkObject[]): readonly SandboxInterface[] {
  return task.attachments.map((attachment) => toInterface(task, attachment, networks));
}

function toInterface(
  { spec }: TaskObject,
  { networkId, network: key, addresses, gateways, mac }: TaskAttachment,
  networks: readonly NetworkObject[],
): SandboxInterface {
  const wanted = spec.networks.find(({ network }) => network === key);
  return {
    network: findNetwork(networks, networkId),
    addresses,
    gateways,
    mac,
    name: wanted?.interfaceName ?? null,
    gatewayPriority: wanted?.gatewayPriority ?? 0,
    linkLocalAddresses: wanted?.linkLocalAddresses ?? [],
    sysctls: wanted?.sysctls ?? {},
  };
}

async function publishPorts(
  host: Pick<TaskHost, 'networks'>,
  task: TaskObject,
  interfaces: readonly SandboxInterface[],
): Promise<readonly PublishedPort[]> {
  if (task.spec.ports.length === 0 || interfaces.length === 0) return [];
  // What the container beside which it comes up has, it gets when it serves.
  const inherited = isGated(task) ? host.networks.publishedBy(task.rollout?.replaces ?? '') : [];
  const own = task.spec.ports.filter((port) => !inherited.some((published) => isHeirOf(port, published)));
  return host.networks.publish(portOwnerOf(task), interfaces, own, null);
}

/** Whose ports those of a task are: the containers of a service share what is published for it; one-off ones are on their own. */
export function portOwnerOf({ id, containerName, serviceId, oneOff }: TaskObject): PortOwner {
  return { id, name: containerName, service: oneOff === null ? serviceId : null };
}

function findNetwork(networks: readonly NetworkObject[], id: string): NetworkObject {
  const network = networks.find((candidate) => candidate.id === id);
  if (network !== undefined) return network;
  throw new TaskError('not-found', `networks: the network ${id} did not come with the task`, { retryable: true });
}
