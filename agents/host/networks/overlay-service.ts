import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import { isEncrypted } from '../../../src/model/network-options.ts';
import type { NetworkObject } from '../../../src/model/objects.ts';
import { TunnelEncryption } from './encryption/tunnel-encryption.ts';
import { EncryptionError } from './errors.ts';
import type { TunnelIdentity } from './encryption/tunnel-identity.ts';
import type { WireguardOptions } from './encryption/wireguard-tunnels.ts';
import type { OverlayStore } from './overlay-store.ts';
import { planOverlay } from './plan-overlay.ts';
import type { OverlaySurroundings } from './plan-overlay.ts';
import type { OverlayRequest } from '../native/net-protocol.ts';
import type { NetRequester } from './rule-writer.ts';

/** A network and who is on it. */
export interface SpannedNetwork {
  readonly network: NetworkObject;
  readonly endpoints: EndpointsObject;
}

export interface OverlayServiceOptions extends OverlaySurroundings, WireguardOptions {
  readonly request: NetRequester;
  readonly store: OverlayStore;
  readonly identity: TunnelIdentity;
  /** See TunnelEncryptionOptions. */
  readonly renewIdentity: () => Promise<TunnelIdentity>;
  /** See TunnelEncryptionOptions. */
  readonly onEncryption: (problem: string | null) => void;
}

/**
 * The networks of this host that others are on, too. What the manager said last stays in effect, and is known to the next daemon, for as long
 * as no manager says otherwise. Changes of one network are made one after the other, and those that come meanwhile together.
 */
export class OverlayService {
  readonly #options: OverlayServiceOptions;
  readonly #known: Map<string, SpannedNetwork>;
  /** Networks that have a tunnel, and the size of what fits through it. */
  readonly #mtus = new Map<string, number>();
  readonly #waiting = new Map<string, Promise<EndpointsObject | null>>();
  readonly #working = new Map<string, Promise<unknown>>();
  /** What the containers of a network were last given of it. */
  readonly #given = new Map<string, string>();
  readonly #encryption: TunnelEncryption;
  /** Networks whose tunnel is known to be encrypted as was said last. */
  readonly #encrypted = new Set<string>();

  private constructor(options: OverlayServiceOptions, known: readonly SpannedNetwork[]) {
    this.#options = options;
    this.#known = new Map(known.map((spanned) => [spanned.network.id, spanned]));
    const planned = known.map(({ network, endpoints }) => ({
      network,
      plan: planOverlay(network, endpoints, options),
    }));
    for (const { network, plan } of planned) this.#keepMtu(network, plan?.mtu);
    const encrypted = planned.flatMap(({ network, plan }) => (plan?.encrypted === true ? [network.id] : []));
    this.#encryption = new TunnelEncryption(
      { ...options, spanned: () => this.all, onProblem: options.onEncryption },
      encrypted,
    );
  }

  /** Takes over what the daemon before was told; the kernel still has it. */
  static async open(options: OverlayServiceOptions): Promise<OverlayService> {
    return new OverlayService(options, await options.store.load());
  }

  /** Everything that was said last. */
  get all(): readonly SpannedNetwork[] {
    return [...this.#known.values()];
  }

  /** What was said last of a network. */
  get(networkId: string): EndpointsObject | undefined {
    return this.#known.get(networkId)?.endpoints;
  }

  /** Largest packet of a network that has a tunnel; undefined for one that has none. */
  mtuOf(networkId: string): number | undefined {
    return this.#mtus.get(networkId);
  }

  /** Takes note of what is said now; `apply` puts it in effect. */
  note(network: NetworkObject, endpoints: EndpointsObject): void {
    this.#known.set(network.id, { network, endpoints });
  }

  /** Resolves to what is in effect when what was said last is, or something newer (null: nothing any more); the network's bridge has to be there. */
  apply(networkId: string): Promise<EndpointsObject | null> {
    return this.#work(networkId);
  }

  /** Before a container comes to the network: rejects with an EncryptionError when it could neither be reached nor reach anybody. */
  async ensureEncrypted({ id, spec }: Pick<NetworkObject, 'id' | 'spec'>): Promise<void> {
    if (!isEncrypted(spec) || !this.#known.has(id) || this.#encrypted.has(id)) return;
    await this.apply(id).catch((error: unknown) => {
      // Anything else is tried again, and the container is connected then.
      if (error instanceof EncryptionError) throw error;
    });
  }

  /** The network is on this host alone again, or no more. */
  async remove(networkId: string): Promise<void> {
    if (this.#known.delete(networkId)) await this.#work(networkId);
  }

  /** Public key of this host's tunnels, as it is by now. */
  get tunnelKey(): Buffer {
    return this.#encryption.publicKey;
  }

  /** tsstack-net has noticed something about what is encrypted, or is another one. */
  renewEncryption(): void {
    this.#encryption.renew();
  }

  /** Resolves when what is encrypted is as it stays. */
  async close(): Promise<void> {
    this.#encryption.close();
    await this.#encryption.settled();
  }

  /** Takes away what a daemon before may have left without knowing of a network any more. */
  sweep(): Promise<void> {
    return this.#encryption.sweep();
  }

  /** One change of a network under way, and at most one that waits for it. */
  #work(networkId: string): Promise<EndpointsObject | null> {
    const waiting = this.#waiting.get(networkId);
    if (waiting !== undefined) return waiting;
    const begun = (this.#working.get(networkId) ?? Promise.resolve()).then(() => {
      this.#waiting.delete(networkId);
      const work = this.#apply(networkId);
      this.#working.set(
        networkId,
        work.catch(() => undefined),
      );
      return work;
    });
    this.#waiting.set(networkId, begun);
    return begun;
  }

  async #apply(networkId: string): Promise<EndpointsObject | null> {
    const { request, store } = this.#options;
    const spanned = this.#known.get(networkId);
    const wanted = spanned === undefined ? null : planOverlay(spanned.network, spanned.endpoints, this.#options);
    if (spanned === undefined) await store.remove(networkId);
    else await store.write(spanned);
    this.#encrypted.delete(networkId);
    if (wanted?.encrypted === true) await this.#encryption.cover(networkId);
    await request(wanted ?? { op: 'overlay.remove', network: networkId });
    if (wanted?.encrypted === true) this.#encrypted.add(networkId);
    if (wanted?.encrypted !== true) await this.#encryption.uncover(networkId);
    if (spanned !== undefined) this.#keepMtu(spanned.network, wanted?.mtu);
    else this.#mtus.delete(networkId);
    await this.#give(networkId, wanted);
    return spanned?.endpoints ?? null;
  }

  #keepMtu({ id }: Pick<NetworkObject, 'id'>, mtu: number | undefined): void {
    if (mtu === undefined) this.#mtus.delete(id);
    else this.#mtus.set(id, mtu);
  }

  /** Most changes (containers that come, go and serve elsewhere) are the host's business alone. */
  async #give(networkId: string, wanted: OverlayRequest | null): Promise<void> {
    const given = JSON.stringify([wanted?.mtu, wanted?.nodes, wanted?.rules, wanted?.services]);
    if (this.#given.get(networkId) === given) return;
    // What fails half-way is done again with the next change, whatever that is.
    this.#given.delete(networkId);
    await this.#refresh(networkId);
    if (this.#known.has(networkId)) this.#given.set(networkId, given);
  }

  /** The containers that are on the network; those that come later get it with their network. */
  async #refresh(networkId: string): Promise<void> {
    const { request } = this.#options;
    const { sandboxes } = await request({ op: 'sandbox.list' });
    const concerned = sandboxes.filter(({ networks }) => networks.includes(networkId));
    await Promise.all(concerned.map(({ id }) => request({ op: 'sandbox.refresh', id })));
  }
}
