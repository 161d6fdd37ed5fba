import { wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { WireguardFinding } from '../../agents/host/networks/encryption/wireguard-tunnels.ts';
import type { NetworkService } from '../../agents/host/networks/network-service.ts';
import { endpointsId, nodeMac } from '../../src/model/endpoints.ts';
import type { EndpointService, EndpointsObject, EndpointTask } from '../../src/model/endpoints.ts';
import { nextTunnelKeys } from '../../src/manager/tunnels/rotate-tunnel-keys.ts';
import { isEncrypted } from '../../src/model/network-options.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { NetworkLab, sandboxInterface } from './network-lab.ts';
import { addressOf, Underlay } from './underlay.ts';

/** One host of several, and its part of the service under test. */
export interface OverlayHost {
  readonly nodeId: string;
  readonly lab: NetworkLab;
  service: NetworkService;
  /** What it has found out about its WireGuard; null for nothing. */
  finding: WireguardFinding | null;
}

/** Hosts of network tests (see NetworkLab) that reach each other over an underlay, 10.90.0.0/24, as `n1`, `n2` and so on. */
export class OverlayLab {
  readonly hosts: readonly OverlayHost[];
  readonly underlay: Underlay;
  /** Of the addresses that hosts reach each other at. */
  family: 4 | 6 = 4;
  #version = 0;
  #generation = 1;
  #keys = nextTunnelKeys([], 1);
  /** Ids of the hosts of which it is written that they have WireGuard. */
  readonly #withWireguard: readonly string[];

  private constructor(hosts: readonly OverlayHost[], underlay: Underlay, withWireguard: readonly string[]) {
    this.hosts = hosts;
    this.underlay = underlay;
    this.#withWireguard = withWireguard;
  }

  static async create(count: number, withWireguard: readonly string[] = []): Promise<OverlayLab> {
    const underlay = new Underlay();
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const hosts = await Promise.all(
      numbers.map(async (number) => {
        const lab = await NetworkLab.create();
        // The way out is the underlay, not the lab's own cable.
        await lab.run('host', 'ip', 'route', 'delete', 'default');
        underlay.plug(number, lab.holder);
        const nodeId = `n${number}`;
        return { nodeId, lab, service: await lab.openService({ nodeId }), finding: null };
      }),
    );
    const overlayLab = new OverlayLab(hosts, underlay, withWireguard);
    await Promise.all(withWireguard.map((nodeId) => overlayLab.reopen(nodeId)));
    return overlayLab;
  }

  /** The next daemon of a host. */
  async reopen(nodeId: string): Promise<void> {
    const host = this.host(nodeId);
    await host.service.close();
    host.finding = null;
    host.service = await host.lab.openService({
      nodeId,
      wireguard: this.#withWireguard.includes(nodeId) ? 'available' : 'missing',
      onWireguard: (finding) => (host.finding = finding),
    });
  }

  host(nodeId: string): OverlayHost {
    const found = this.hosts.find((host) => host.nodeId === nodeId);
    if (found === undefined) throw new Error(`there is no host ${nodeId}`);
    return found;
  }

  /** Makes a container's sandbox on a host, with that last number on each of the networks. */
  async addSandbox(nodeId: string, id: string, last: number, ...networks: readonly NetworkObject[]): Promise<void> {
    const { lab, service } = this.host(nodeId);
    await Promise.all(networks.map((network) => service.ensureNetwork(network)));
    await service.ensureSandbox({
      id,
      path: lab.path(id),
      users: null,
      hostname: id,
      interfaces: networks.map((network) => sandboxInterface(network, last)),
      links: [],
      upstreams: [],
    });
  }

  /** Tells the hosts (`told`: only these) who is on the network, as a manager would; the hosts have the last numbers 101 and following. */
  async connect(
    network: NetworkObject,
    tasks: readonly EndpointTask[],
    services: readonly EndpointService[] = [],
    nodeIds = this.#nodeIds,
    told = nodeIds,
  ): Promise<void> {
    const encryption = isEncrypted(network.spec) ? { generation: this.#generation, keys: this.#keys } : null;
    const nodes = nodeIds.map((nodeId) => {
      const number = Number(nodeId.slice(1));
      const [own = ''] = sandboxInterface(network, 100 + number).addresses;
      return {
        nodeId,
        address: this.family === 6 ? `fd00:90::${number.toString(16)}` : addressOf(number),
        addresses: [own.split('/')[0] ?? ''],
        mac: nodeMac(nodeId, network.id),
        tunnel: encryption && { number, ...this.#tunnelOf(this.host(nodeId)) },
      };
    });
    this.#version += 1;
    const common = {
      kind: 'endpoints',
      id: endpointsId(network.id),
      version: this.#version,
      networkId: network.id,
    } as const;
    const endpoints: EndpointsObject = { ...common, nodes, tasks, services, encryption };
    await Promise.all(told.map((nodeId) => this.host(nodeId).service.setEndpoints(network, endpoints)));
  }

  /** The next keys of encrypted networks; `connect` tells the hosts of them. */
  rotate(): void {
    this.#generation += 1;
    this.#keys = nextTunnelKeys(this.#keys, this.#generation);
  }

  async close(): Promise<void> {
    // Cables first: the end of a host takes its own with it.
    this.underlay.remove(this.hosts.map((_, index) => index + 1));
    await Promise.all(
      this.hosts.map(async ({ service, lab }) => {
        await service.close();
        await lab.close();
      }),
    );
  }

  /** As its agent tells managers. */
  #tunnelOf({ nodeId, finding, service }: OverlayHost): { readonly key: string; readonly port: number } {
    const hasWireguard = finding?.isUsable ?? this.#withWireguard.includes(nodeId);
    return { key: service.tunnelKey.toString('base64'), port: hasWireguard ? wireguardPort : 0 };
  }

  get #nodeIds(): readonly string[] {
    return this.hosts.map(({ nodeId }) => nodeId);
  }
}

/** The container of addSandbox() with the same arguments, as other hosts see it. */
export function endpointTask(
  nodeId: string,
  id: string,
  last: number,
  network: NetworkObject,
  overrides: Partial<EndpointTask> = {},
): EndpointTask {
  const { addresses, mac } = sandboxInterface(network, last);
  return {
    taskId: id,
    nodeId,
    serviceId: `service-${id}`,
    service: id,
    containerName: `lab-${id}-1`,
    addresses: addresses.map((address) => address.split('/')[0] ?? ''),
    mac,
    names: [`lab-${id}-1`],
    serviceNames: [id],
    ports: [],
    isRunning: true,
    isServing: true,
    ...overrides,
  };
}
