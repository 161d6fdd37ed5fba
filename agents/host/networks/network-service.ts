import { readBridgeOptions, type BridgeOptions } from '../../../src/model/bridge-options.ts';
import { nodeMac } from '../../../src/model/endpoints.ts';
import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import { isVlanDriver } from '../../../src/model/vlan-options.ts';
import type { NetworkObject, PublishedPort } from '../../../src/model/objects.ts';
import type { PortSpec } from '../../../src/model/spec.ts';
import { addressFamily } from '../../../src/model/way-out.ts';
import { Changes } from '../../../src/model/changes.ts';
import type { NetworkNames } from '../names/network-names.ts';
import type { HeldObjects, SandboxRequest, TaskNetworks } from '../tasks/task-host.ts';
import { NativeError } from '../native/native-error.ts';
import { openTunnelIdentity, renewTunnelIdentity } from './encryption/tunnel-identity.ts';
import type { WireguardOptions } from './encryption/wireguard-tunnels.ts';
import { wireguardNews } from './net-log.ts';
import { NetProcess } from './net-process.ts';
import type { NetProcessOptions } from './net-process.ts';
import { readNetworkState, rulesOf, writeNetworkState } from './network-state.ts';
import type { HostNetwork, NetworkState } from './network-state.ts';
import { nftTable } from './nft-plan.ts';
import type { NftSpan } from './nft-plan.ts';
import { isOfService } from './port-reservations.ts';
import type { PortInterfaces } from './port-wishes.ts';
import { PublishedPorts } from './published-ports.ts';
import type { PortOwner } from './published-ports.ts';
import { RuleWriter } from './rule-writer.ts';
import { sandboxRequest } from './sandbox-request.ts';
import { OverlayService } from './overlay-service.ts';
import type { SpannedNetwork } from './overlay-service.ts';
import { OverlayStore } from './overlay-store.ts';
import { linkMtuLookup, networkMtu } from './underlay-mtu.ts';

export interface NetworkServiceOptions extends Omit<NetProcessOptions, 'onReturn'>, WireguardOptions {
  /** Tells the daemons of one machine apart: 8 hex digits. */
  readonly instance: string;
  /** File in the run root with what this daemon has published. */
  readonly statePath: string;
  /** Folder in the run root with what is known of networks that other hosts are on, too. */
  readonly overlayDirectory: string;
  /** File in the run root with the private key of this host's tunnels; see TunnelIdentity. */
  readonly tunnelKeyPath: string;
  /** Id of this node. */
  readonly nodeId: string;
  /** Told why this host cannot encrypt what goes to others, and null when it can after all. */
  readonly onEncryption: (problem: string | null) => void;
  /** Told of another public key of this host's tunnels: others have to hear of it. */
  readonly onTunnelKey: (key: Buffer) => void;
}

/** How long a network waits for another one of the same bridge to go, before the kernel says that the name is taken. */
const vacatedMs = 10_000;

/** The networks of this host: bridges, sandboxes of containers, published ports, names. Every operation may be repeated. */
export class NetworkService implements TaskNetworks {
  readonly #net: NetProcess;
  readonly #instance: string;
  readonly #nodeId: string;
  readonly #overlays: OverlayService;
  readonly #rules: RuleWriter;
  readonly #networks: Map<string, HostNetwork>;
  readonly #ports: PublishedPorts;
  /** Networks that go. */
  readonly #removals = new Changes();
  /** Bridges that this daemon has made or found. */
  readonly #bridges = new Map<string, Promise<void>>();

  private constructor(
    options: NetworkServiceOptions,
    net: NetProcess,
    overlays: OverlayService,
    { networks, publications: known }: NetworkState,
  ) {
    this.#net = net;
    this.#overlays = overlays;
    this.#instance = options.instance;
    this.#nodeId = options.nodeId;
    this.#rules = new RuleWriter({
      table: nftTable(options.instance),
      request: (request) => this.#net.request(request),
      save: () => writeNetworkState(options.statePath, this.#state()),
      warn: (warning) => options.log(`networks: ${warning}`),
    });
    this.#networks = new Map(networks.map((network) => [network.id, network]));
    this.#ports = new PublishedPorts(
      {
        request: (request) => this.#net.request(request),
        nodeId: options.nodeId,
        writeRules: () => this.#writeRules(),
        log: options.log,
      },
      known,
    );
  }

  /** Takes over from the daemon before: where that has left networks, the rules are put in place anew. */
  static async open(options: NetworkServiceOptions): Promise<NetworkService> {
    const { instance, nodeId, overlayDirectory, wireguard, onWireguard, onEncryption } = options;
    const state = await readNetworkState(options.statePath);
    const net = new NetProcess({
      ...options,
      log: (line) => {
        options.log(line);
        if (line.startsWith(wireguardNews)) overlays.renewEncryption();
      },
      onReturn: () => overlays.renewEncryption(),
    });
    const identity = await openTunnelIdentity(options.tunnelKeyPath);
    const overlays: OverlayService = await OverlayService.open({
      instance,
      nodeId,
      linkMtuOf: linkMtuLookup(),
      request: (request) => net.request(request),
      store: new OverlayStore(overlayDirectory),
      onEncryption,
      wireguard,
      onWireguard,
      identity,
      renewIdentity: async () => {
        const renewed = await renewTunnelIdentity(options.tunnelKeyPath);
        options.onTunnelKey(renewed.publicKey);
        return renewed;
      },
    });
    const service = new NetworkService(options, net, overlays, state);
    for (const { network, endpoints } of overlays.all) await service.#ports.setServers(network.id, endpoints.tasks);
    if (state.networks.length > 0) await service.#writeRules();
    return service;
  }

  /** Public key of this host's tunnels. */
  get tunnelKey(): Buffer {
    return this.#overlays.tunnelKey;
  }

  /** The networks that other hosts are on, too, as far as a manager has said so. */
  get spanned(): readonly SpannedNetwork[] {
    return this.#overlays.all;
  }

  /** Connects the network with the other hosts that are on it; resolves when that, or what was said since, is in effect. */
  async setEndpoints(network: NetworkObject, endpoints: EndpointsObject): Promise<void> {
    // Noted at once: whatever is said while the bridge is being made is newer.
    this.#overlays.note(network, endpoints);
    await this.ensureNetwork(network);
    const connected = await this.#overlays.apply(network.id).catch(async (error: unknown) => {
      // Without a way to those who come, away from those who leave all the same.
      await this.#ports.setServers(network.id, endpoints.tasks);
      throw error;
    });
    if (connected === null) return;
    // Only now do packets find their way.
    await this.#ports.setServers(network.id, connected.tasks);
    await this.#writeRules();
  }

  /** The network is on no other host any more; `spanned` says so at once. */
  async removeEndpoints(networkId: string): Promise<void> {
    await Promise.all([this.#overlays.remove(networkId), this.#ports.setServers(networkId, [])]);
    await this.#writeRules();
  }

  ensureNetwork(network: NetworkObject): Promise<void> {
    // On the wire of a link of the host there is nothing to be made, and nothing that our rules see.
    if (isVlanDriver(network.spec.driver)) return Promise.resolve();
    const known = this.#bridges.get(network.id);
    if (known !== undefined) return known;
    const made = this.#makeNetwork(network);
    this.#bridges.set(network.id, made);
    made.catch(() => {
      if (this.#bridges.get(network.id) === made) this.#bridges.delete(network.id);
    });
    return made;
  }

  async removeNetwork({ id, bridge }: Pick<NetworkObject, 'id' | 'bridge'>): Promise<void> {
    this.#bridges.delete(id);
    const disconnected = this.removeEndpoints(id);
    // In this turn: whoever wants the network again, or one with the same bridge, asks later. Its tunnel goes with it.
    await Promise.all([this.#net.request({ op: 'network.remove', id, bridge }), disconnected]);
    // Forgotten last, so that an interrupted removal is taken up again.
    if (!this.#bridges.has(id)) this.#networks.delete(id);
    this.#removals.note();
    await this.#writeRules();
  }

  async ensureSandbox(request: SandboxRequest): Promise<void> {
    await Promise.all(request.interfaces.map(({ network }) => this.#overlays.ensureEncrypted(network)));
    const wanted = sandboxRequest(request, (network) => this.#mtuOf(network));
    try {
      await this.#net.request(wanted);
    } catch (error) {
      if (!(error instanceof NativeError) || error.nativeCode !== 'not-found') throw error;
      // Somebody has deleted a bridge of ours.
      for (const { network } of request.interfaces) this.#bridges.delete(network.id);
      await Promise.all(request.interfaces.map(({ network }) => this.ensureNetwork(network)));
      await this.#net.request(wanted);
    }
  }

  async removeSandbox(id: string, path: string): Promise<void> {
    await this.#net.request({ op: 'sandbox.remove', id, path });
  }

  publish(
    owner: PortOwner,
    interfaces: PortInterfaces,
    ports: readonly PortSpec[],
    from: string | null = null,
  ): Promise<readonly PublishedPort[]> {
    return this.#ports.publish(owner, interfaces, ports, from);
  }

  publishedBy(id: string): readonly PublishedPort[] {
    return this.#ports.publishedBy(id);
  }

  unpublish(id: string): Promise<void> {
    return this.#ports.unpublish(id);
  }

  async setNames({ id }: Pick<NetworkObject, 'id'>, { names, reverse }: NetworkNames): Promise<void> {
    await this.#net.request({ op: 'dns.set', network: id, names, reverse });
  }

  /** After the daemon was away: what belongs to none of the containers and networks that are held goes. */
  async removeOthers(held: HeldObjects): Promise<void> {
    const [{ sandboxes }, { ids: owners }, { networks }] = await Promise.all([
      this.#net.request({ op: 'sandbox.list' }),
      this.#net.request({ op: 'ports.list' }),
      this.#net.request({ op: 'network.list', owner: this.#instance }),
    ]);
    // Asked only now: what came meanwhile is no leftover.
    const tasks = new Set(held.ids);
    const networkIds = new Set(held.networks.map(({ id }) => id));
    const known = this.#ports.publications.map(({ id }) => id);
    const strayPorts = [...known, ...owners.filter((id) => !isOfService(id))].filter((id) => !tasks.has(id));
    const straySandboxes = sandboxes.filter(({ id }) => !tasks.has(id));
    // What the kernel has counts as well as what we remember: either may know more after a crash.
    const strayNetworks = [...this.#networks.values(), ...networks].filter(({ id }) => !networkIds.has(id));
    await Promise.all([...new Set(strayPorts)].map((id) => this.unpublish(id)));
    await this.#ports.releaseUnused(owners);
    await Promise.all(straySandboxes.map(({ id, path }) => this.removeSandbox(id, path)));
    // A network may have left both its bridge and its tunnel.
    const byLink = new Map(strayNetworks.map((network) => [network.bridge, network]));
    await Promise.all(Array.from(byLink.values(), (network) => this.removeNetwork(network)));
    // A daemon that died after it had forgotten its last network may have left its rules and keys.
    await Promise.all([this.#writeRules(), this.#overlays.sweep()]);
  }

  /** The data plane stays as it is. */
  async close(): Promise<void> {
    await Promise.all([this.#overlays.close(), this.#rules.settled()]);
    await this.#net.close();
  }

  /** Ends tsstack-net as well: for a host without containers. */
  async shutDown(): Promise<void> {
    await Promise.all([this.#overlays.close(), this.#rules.settled()]);
    await this.#net.shutDown();
  }

  async #makeNetwork(network: NetworkObject): Promise<void> {
    const { id, bridge, pools, spec } = network;
    const options = readBridgeOptions(spec.driverOptions);
    const { interContainer, masquerade, gatewayMode } = options;
    const subnets = pools.map(({ subnet }) => subnet);
    await this.#vacated(network);
    this.#networks.set(id, {
      id,
      bridge,
      subnets,
      internal: spec.internal,
      options: { interContainer, masquerade, gatewayMode },
    });
    const addresses = bridgeAddresses(network, options);
    const mac = nodeMac(this.#nodeId, id);
    const mtu = this.#mtuOf(network);
    const owner = this.#instance;
    await this.#net.request({ op: 'network.ensure', id, owner, bridge, addresses, mac, mtu, internal: spec.internal });
    await this.#writeRules();
  }

  /** A network that is made anew may be given the name of its predecessor's bridge, which is on its way out. */
  async #vacated({ id, bridge }: NetworkObject): Promise<void> {
    const isFree = (): boolean =>
      [...this.#networks.values()].every((other) => other.bridge !== bridge || other.id === id);
    if (!isFree()) await this.#removals.until(isFree, AbortSignal.timeout(vacatedMs));
  }

  #mtuOf(network: NetworkObject): number {
    return this.#overlays.mtuOf(network.id) ?? networkMtu(network);
  }

  #writeRules(): Promise<void> {
    const spans = this.#overlays.all.flatMap(({ network, endpoints }) => spanOf(network, endpoints, this.#nodeId));
    return this.#rules.write(rulesOf(this.#state(), this.#ports.destinations, spans));
  }

  #state(): NetworkState {
    return { networks: [...this.#networks.values()], publications: this.#ports.publications };
  }
}

/** The host's addresses on the bridge: none in a family that is isolated from the host. */
function bridgeAddresses({ pools }: NetworkObject, { gatewayMode, hasIpv4Gateway }: BridgeOptions): readonly string[] {
  return pools
    .filter(({ gateway }) => {
      const family = addressFamily(gateway);
      return gatewayMode[family] !== 'isolated' && (family === 6 || hasIpv4Gateway);
    })
    .map(({ gateway, subnet }) => `${gateway}/${subnet.split('/', 2)[1]}`);
}

/** This host on a network that spans several; nothing until it has addresses of its own there. */
function spanOf({ bridge, pools }: NetworkObject, { nodes }: EndpointsObject, nodeId: string): readonly NftSpan[] {
  const addresses = nodes.find((node) => node.nodeId === nodeId)?.addresses ?? [];
  return addresses.length === 0 ? [] : [{ bridge, addresses, gateways: pools.map(({ gateway }) => gateway) }];
}
