import { readBridgeOptions } from '../../model/bridge-options.ts';
import { isMeshPort, meshPort } from '../../model/mesh-ports.ts';
import type { PublishedPort, TaskObject } from '../../model/objects.ts';
import { isVlanDriver } from '../../model/vlan-options.ts';
import { wayOut } from '../../model/way-out.ts';
import type { ObjectLookup } from '../store/object-index.ts';

/** Ports that every node publishes for the task and that lead to it by this network: its way out, where nodes translate. */
export function meshPortsOn(view: ObjectLookup, networkId: string, task: TaskObject): readonly PublishedPort[] {
  const ports = task.spec.ports.filter(isMeshPort);
  if (ports.length === 0 || task.oneOff !== null) return [];
  const places = task.attachments.flatMap((attachment) => {
    const network = view.get('network', attachment.networkId);
    if (network === undefined || isVlanDriver(network.spec.driver)) return [];
    const wanted = task.spec.networks.find((one) => one.network === attachment.network);
    return [{ network, addresses: attachment.addresses, gatewayPriority: wanted?.gatewayPriority ?? 0 }];
  });
  return ([4, 6] as const).flatMap((family) => {
    const way = wayOut(places, family)?.network;
    if (way?.id !== networkId) return [];
    const { gatewayMode, hostBinding, interContainer } = readBridgeOptions(way.spec.driverOptions);
    // Containers that are kept apart hear nothing from other hosts, either.
    const isTranslated = gatewayMode[family].startsWith('nat') && interContainer;
    // A network whose ports are bound to one address of a host publishes at the hosts that have it.
    const meant = ports.filter(({ hostIp }) => hostIp !== null || hostBinding === null);
    return isTranslated ? meant.flatMap((port) => meshPort(port, family)) : [];
  });
}
