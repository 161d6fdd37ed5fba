/** Who is on a network. Pure. */
import {
  endpointNames,
  endpointsId,
  nodeMac,
  type EndpointNode,
  type EndpointService,
  type EndpointsObject,
  type EndpointTask,
  type TunnelEncryption,
} from '../../../model/endpoints.ts';
import { isEncrypted } from '../../../model/network-options.ts';
import type { NetworkObject, TaskAttachment, TaskObject } from '../../../model/objects.ts';
import { isTerminal } from '../../../model/states.ts';
import { findCluster } from '../../authority/cluster-object.ts';
import type { StoreView } from '../../store/object-index.ts';
import { meshPortsOn } from '../../tasks/mesh-ports-on.ts';

/** The endpoints of a network; null when its only node can do without: its own containers are all there are. */
export function deriveEndpoints(view: StoreView, network: NetworkObject): Omit<EndpointsObject, 'version'> | null {
  const services = servicesOf(view, network);
  const nodes = nodesOf(view, network);
  if (nodes.length < 2 && services.length === 0) return null;
  const tasks = view.tasksOfNetwork(network.id).flatMap((task) => endpointTask(view, network.id, task) ?? []);
  const encryption = isEncrypted(network.spec) ? encryptionOf(view) : null;
  return { kind: 'endpoints', id: endpointsId(network.id), networkId: network.id, nodes, tasks, services, encryption };
}

/** Keys have no business in what is derived and compared. */
function encryptionOf(view: StoreView): TunnelEncryption {
  return { generation: findCluster(view)?.tunnelKeys.generation ?? 0, keys: [] };
}

/** What the other containers of the network have to know of a task; null while, and when, it is none of them. */
export function endpointTask(view: StoreView, networkId: string, task: TaskObject): EndpointTask | null {
  const attachment = task.attachments.find((one) => one.networkId === networkId);
  if (attachment === undefined || task.nodeId === null || isTerminal(task.status.state)) return null;
  const isRunning = mayBeAsked(task) && view.get('node', task.nodeId)?.state !== 'down';
  return {
    taskId: task.id,
    nodeId: task.nodeId,
    serviceId: task.serviceId,
    service: task.service,
    containerName: task.containerName,
    ...placeOf(attachment),
    ...endpointNames(task, attachment),
    ports: meshPortsOn(view, networkId, task),
    isRunning,
    isServing: isRunning && isFit(task),
  };
}

function placeOf({ addresses, mac }: TaskAttachment): Pick<EndpointTask, 'addresses' | 'mac'> {
  return { addresses: addresses.map((address) => address.split('/', 1)[0] ?? address), mac };
}

/** Names of what is told to end are gone before it hears of that. */
function mayBeAsked({ desired, status }: TaskObject): boolean {
  return desired === 'running' && (status.state === 'starting' || status.state === 'running');
}

function isFit({ status: { state, container } }: TaskObject): boolean {
  if (state !== 'running' || container?.phase !== 'running' || !container.serving) return false;
  return container.health === null || container.health.state === 'healthy';
}

/** Nodes that have a container on the network or an address of their own. */
function nodesOf(view: StoreView, network: NetworkObject): readonly EndpointNode[] {
  const ids = new Set([
    ...Object.keys(network.nodeAddresses),
    ...view.tasksOfNetwork(network.id).flatMap(({ nodeId }) => nodeId ?? []),
  ]);
  return [...ids].sort().flatMap((nodeId) => {
    const node = view.get('node', nodeId);
    if (node === undefined) return [];
    const { address, tunnelNumber, tunnelKey, tunnelPort } = node;
    const tunnel = isEncrypted(network.spec) ? { number: tunnelNumber, key: tunnelKey, port: tunnelPort } : null;
    const addresses = network.nodeAddresses[nodeId] ?? [];
    return [{ nodeId, address, addresses, mac: nodeMac(nodeId, network.id), tunnel }];
  });
}

function servicesOf(view: StoreView, network: NetworkObject): readonly EndpointService[] {
  const names = new Map(view.tasksOfNetwork(network.id).map(({ serviceId, service }) => [serviceId, service]));
  return Object.entries(network.virtualAddresses).flatMap(([serviceId, virtualAddresses]) => {
    const service = view.get('service', serviceId)?.name ?? names.get(serviceId);
    return service === undefined ? [] : [{ serviceId, service, virtualAddresses }];
  });
}
