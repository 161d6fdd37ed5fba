import type { NetworkAttachmentSpec, NetworkSpec } from '../../model/spec.ts';
import type { ComposeEndpoint, ComposeNetwork, ComposeService } from '../compose-types.ts';
import { isVlanDriver } from '../../model/vlan-options.ts';
import { readEndpointOptions } from '../networks/endpoint-options.ts';
import { unsupported } from './errors.ts';

/** The networks of a service in the order in which they are connected: highest priority first, then by name. The first one has the service's MAC. */
export function lowerAttachments(
  networks: ComposeService['networks'],
  serviceMac: string | undefined,
): readonly NetworkAttachmentSpec[] {
  const priority = (endpoint: ComposeEndpoint | null): number => endpoint?.priority ?? 0;
  return Object.entries(networks ?? {})
    .toSorted(([a, left], [b, right]) => priority(right) - priority(left) || (a < b ? -1 : 1))
    .map(([network, endpoint], index) =>
      lowerAttachment(network, endpoint ?? {}, index === 0 ? serviceMac : undefined),
    );
}

function lowerAttachment(network: string, endpoint: ComposeEndpoint, mac: string | undefined): NetworkAttachmentSpec {
  const { interfaceName, sysctls } = readEndpointOptions(endpoint.driver_opts ?? {});
  return {
    network,
    aliases: endpoint.aliases ?? [],
    ipv4Address: endpoint.ipv4_address ?? null,
    ipv6Address: endpoint.ipv6_address ?? null,
    linkLocalAddresses: endpoint.link_local_ips ?? [],
    macAddress: (endpoint.mac_address ?? mac)?.toLowerCase().replaceAll('-', ':') ?? null,
    interfaceName: endpoint.interface_name ?? interfaceName,
    gatewayPriority: endpoint.gw_priority ?? 0,
    sysctls,
  };
}

/** A network of the stack. */
export function lowerNetwork(key: string, network: ComposeNetwork): NetworkSpec {
  const { driver = 'bridge', external = false } = network;
  const isKnown = driver === 'bridge' || driver === 'overlay' || isVlanDriver(driver);
  if (!isKnown && !external) throw unsupported(`networks.${key}.driver`, driver);
  return {
    name: network.name,
    external,
    internal: network.internal ?? false,
    driver: isKnown ? driver : 'bridge',
    attachable: network.attachable ?? false,
    enableIpv4: network.enable_ipv4 ?? true,
    enableIpv6: network.enable_ipv6 ?? false,
    labels: network.labels ?? {},
    driverOptions: network.driver_opts ?? {},
    ipam: (network.ipam.config ?? []).map((pool) => ({
      subnet: pool.subnet ?? null,
      ipRange: pool.ip_range ?? null,
      gateway: pool.gateway ?? null,
      auxAddresses: pool.aux_addresses ?? {},
    })),
  };
}
