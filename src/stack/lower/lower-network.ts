import type { NetworkAttachmentSpec, NetworkMode, NetworkSpec, VolumeSpec } from '../../model/spec.ts';
import type { ComposeEndpoint, ComposeNetwork, ComposeService, ComposeVolume } from '../compose-types.ts';
import { unsupported } from './errors.ts';

/** `network_mode`, of which absence means the service's networks. */
export function lowerNetworkMode(where: string, mode: string | undefined): NetworkMode {
  if (mode === undefined) return { kind: 'networks' };
  if (mode === 'none' || mode === 'host') return { kind: mode };
  if (mode.startsWith('service:')) return { kind: 'service', service: mode.slice('service:'.length) };
  throw unsupported(`${where}.network_mode`, mode);
}

/** The networks of a service in the order in which they are connected: highest priority first, then by name. */
export function lowerAttachments(networks: ComposeService['networks']): readonly NetworkAttachmentSpec[] {
  const priority = (endpoint: ComposeEndpoint | null): number => endpoint?.priority ?? 0;
  return Object.entries(networks ?? {})
    .toSorted(([a, left], [b, right]) => priority(right) - priority(left) || (a < b ? -1 : 1))
    .map(([network, endpoint]) => ({
      network,
      aliases: endpoint?.aliases ?? [],
      ipv4Address: endpoint?.ipv4_address ?? null,
    }));
}

/** A network of the stack. */
export function lowerNetwork(key: string, network: ComposeNetwork): NetworkSpec {
  const driver = network.driver ?? 'bridge';
  if (driver !== 'bridge' && network.external !== true) throw unsupported(`networks.${key}.driver`, driver);
  return {
    name: network.name,
    external: network.external ?? false,
    internal: network.internal ?? false,
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

/** A volume of the stack. */
export function lowerVolume(key: string, volume: ComposeVolume): VolumeSpec {
  const driver = volume.driver ?? 'local';
  if (driver !== 'local') throw unsupported(`volumes.${key}.driver`, driver);
  const [option] = Object.keys(volume.driver_opts ?? {});
  if (option !== undefined) throw unsupported(`volumes.${key}.driver_opts`, option);
  return { name: volume.name, external: volume.external ?? false, labels: volume.labels ?? {} };
}
