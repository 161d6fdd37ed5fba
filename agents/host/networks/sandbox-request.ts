import type { EnsureSandboxRequest } from '../native/net-protocol.ts';
import type { SandboxRequest } from '../tasks/task-host.ts';
import { networkMtu } from './underlay-mtu.ts';

/** Containers may ping and bind low ports without a capability, as elsewhere in this field. */
const defaultSysctls = {
  'net.ipv4.ping_group_range': '0 2147483647',
  'net.ipv4.ip_unprivileged_port_start': '0',
} as const;

/** What tsstack-net is to make for a container. The default route leads out through the first network that is not internal. */
export function sandboxRequest(request: SandboxRequest): EnsureSandboxRequest {
  const { id, path, users, hostname, interfaces, upstreams } = request;
  const outward = interfaces.findIndex(({ network }) => !network.spec.internal);
  return {
    op: 'sandbox.ensure',
    id,
    path,
    users,
    hostname,
    interfaces: interfaces.map(({ network, address, mac }, index) => ({
      name: `eth${index}`,
      network: network.id,
      bridge: network.bridge,
      mac,
      addresses: [address],
      gateway: index === outward ? network.gateway : null,
      mtu: networkMtu(network),
      routes: [],
    })),
    dns:
      interfaces.length === 0
        ? null
        : { networks: interfaces.map(({ network }) => network.id), upstreams, internal: outward === -1 },
    sysctls: defaultSysctls,
  };
}
