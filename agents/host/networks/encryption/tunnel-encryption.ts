import type { SpannedNetwork } from '../overlay-service.ts';
import { EncryptionError } from '../errors.ts';
import type { IpsecRequest, WireguardRequest } from '../../native/net-protocol.ts';
import type { NetRequester } from '../rule-writer.ts';
import { planEncryption } from './plan-encryption.ts';
import { RetryPause } from './retry-pause.ts';
import type { TunnelIdentity } from './tunnel-identity.ts';
import { WireguardTunnels } from './wireguard-tunnels.ts';
import type { WireguardOptions } from './wireguard-tunnels.ts';

export interface TunnelEncryptionOptions extends WireguardOptions {
  readonly instance: string;
  readonly nodeId: string;
  readonly identity: TunnelIdentity;
  /** Makes another identity, and tells others of it. */
  readonly renewIdentity: () => Promise<TunnelIdentity>;
  readonly request: NetRequester;
  /** Everything that was said last of networks that span hosts. */
  readonly spanned: () => readonly SpannedNetwork[];
  /** Told why nothing can be encrypted, when that lasts, and null when it can after all. */
  readonly onProblem: (problem: string | null) => void;
}

/** So many attempts in a row (they come with growing pauses) are no passing shortage of the kernel any more. */
const lastingFailures = 3;

/**
 * Sees to it that the tunnels of encrypted networks have their keys, which all of them share.
 * - Never make a tunnel before `cover` has resolved, and never call `uncover` while it is there.
 */
export class TunnelEncryption {
  readonly #options: TunnelEncryptionOptions;
  /** Networks with an encrypted tunnel, or about to have one. */
  readonly #covered: Set<string>;
  readonly #wireguard: WireguardTunnels;
  #identity: TunnelIdentity;
  /** The kernel may have keys that were made of it. */
  #isIdentityUsed: boolean;
  readonly #pauses = { wireguard: new RetryPause(() => this.renew()), renewal: new RetryPause(() => this.renew()) };
  #renewal: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();
  /** In a row. */
  #failures = 0;

  /** `covered`: the networks that the daemon before has left with an encrypted tunnel. */
  constructor(options: TunnelEncryptionOptions, covered: readonly string[]) {
    this.#options = options;
    this.#covered = new Set(covered);
    this.#identity = options.identity;
    this.#isIdentityUsed = covered.length > 0;
    this.#wireguard = new WireguardTunnels(options, options.request, this.#pauses.wireguard);
  }

  get publicKey(): Buffer {
    return this.#identity.publicKey;
  }

  /** Resolves when the hosts of the network have the keys that were said last, and nothing can go in clear; else rejects with an EncryptionError. */
  cover(networkId: string): Promise<void> {
    this.#covered.add(networkId);
    return this.#set();
  }

  /** The network's tunnel has gone; without others nothing of what was encrypted stays. */
  async uncover(networkId: string): Promise<void> {
    if (this.#covered.delete(networkId)) await this.#set();
  }

  /** Takes away what a daemon may have left that died after its last tunnel had gone. */
  async sweep(): Promise<void> {
    if (this.#covered.size === 0) await this.#set();
  }

  /** Asks again for everything, in the background: of what is there something is missing, or may answer by now. */
  renew(): void {
    if (this.#covered.size === 0) return;
    this.#renewal ??= this.#last.then(() => {
      this.#renewal = null;
      return this.#set().catch(() => this.#pauses.renewal.begin());
    });
  }

  /** Resolves when nothing is under way, whatever has come of it. */
  async settled(): Promise<void> {
    await this.#renewal;
    await this.#last;
  }

  /** Nothing is asked for by itself any more. */
  close(): void {
    for (const pause of Object.values(this.#pauses)) pause.end();
  }

  /** One after the other: each is made of everything that is known when its turn comes. */
  #set(): Promise<void> {
    const next = this.#last.then(async () => {
      const { instance, nodeId, spanned } = this.#options;
      const { ipsec, wireguard } = planEncryption(spanned(), this.#identity, { instance, nodeId });
      // Several go at once: the last one takes it away.
      if (ipsec.local === null && this.#covered.size > 0) return;
      try {
        await (ipsec.local === null ? this.#takeAway(ipsec, wireguard) : this.#ask(ipsec, wireguard));
      } catch (error) {
        this.#failures += 1;
        const problem = new EncryptionError(error);
        if (this.#failures === lastingFailures) this.#options.onProblem(problem.message);
        throw problem;
      }
      // That nothing is encrypted any more works everywhere.
      if (ipsec.local === null) return;
      if (this.#failures >= lastingFailures) this.#options.onProblem(null);
      this.#failures = 0;
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** The barrier comes first. */
  async #ask(ipsec: IpsecRequest, wireguard: WireguardRequest): Promise<void> {
    this.#isIdentityUsed = true;
    await this.#options.request(ipsec);
    await this.#wireguard.set(wireguard);
  }

  /**
   * The barrier goes last. The next tunnel has other keys, because this host would number its packets anew, and others that have not heard of its
   * absence would take them for ones that they have had.
   */
  async #takeAway(ipsec: IpsecRequest, wireguard: WireguardRequest): Promise<void> {
    if (this.#isIdentityUsed) this.#identity = await this.#options.renewIdentity();
    this.#isIdentityUsed = false;
    await this.#wireguard.remove(wireguard);
    await this.#options.request(ipsec);
  }
}
