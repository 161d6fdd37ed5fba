import type { KernelPresence } from '../../../../src/model/objects.ts';
import { NativeError } from '../../native/native-error.ts';
import type { WireguardRequest } from '../../native/net-protocol.ts';
import type { NetRequester } from '../rule-writer.ts';

/** What the kernel has said about WireGuard. */
export interface WireguardFinding {
  readonly isUsable: boolean;
  /** Why it is not, though it seemed to be; null where nothing promised it. */
  readonly problem: string | null;
}

export interface WireguardOptions {
  /** Whether the kernel has WireGuard, by what is written about it. */
  readonly wireguard: KernelPresence;
  /** Told what comes of it, once it has been asked for: managers tell other hosts. */
  readonly onWireguard: (finding: WireguardFinding) => void;
}

/**
 * WireGuard between this host and others that have it, over what `ipsec.set` has seen to.
 * - Whatever goes wrong with it leaves everything to IPsec, whose keys both ends have: only tsstack-net's own end makes a call reject.
 * - Never call one method before the last has settled.
 */
export class WireguardTunnels {
  readonly #options: WireguardOptions;
  readonly #request: NetRequester;
  /** Null until the kernel has been asked. */
  #isUsable: boolean | null;
  /** Something may be there that has to go: what a daemon before has left, to begin with. */
  #isLeft: boolean;

  constructor(options: WireguardOptions, request: NetRequester) {
    this.#options = options;
    this.#request = request;
    this.#isUsable = options.wireguard === 'missing' ? false : null;
    this.#isLeft = options.wireguard !== 'missing';
  }

  /** Puts the plan in effect where the kernel can; resolves when nothing of it is there where it cannot. */
  async set(wanted: WireguardRequest): Promise<void> {
    if (this.#isUsable !== false) {
      const finding = await this.#attempt(wanted);
      if (finding.isUsable !== this.#isUsable) this.#options.onWireguard(finding);
      this.#isUsable = finding.isUsable;
    }
    if (!this.#isUsable) await this.remove(wanted);
  }

  /** Nothing goes by WireGuard any more; also what a daemon before may have left. */
  async remove(wanted: WireguardRequest): Promise<void> {
    if (!this.#isLeft) return;
    await this.#request({ ...wanted, local: null, privateKey: null, peers: [] });
    this.#isLeft = false;
  }

  /** One that fails is the last, for as long as this daemon lives: hosts are not to hear of a new way every few seconds. */
  async #attempt(wanted: WireguardRequest): Promise<WireguardFinding> {
    try {
      const { available, reason = '' } =
        this.#isUsable === null ? await this.#request({ op: 'wireguard.probe' }) : { available: true };
      // What nothing has promised is not missed.
      if (!available) return { isUsable: false, problem: this.#options.wireguard === 'available' ? reason : null };
      this.#isLeft = true;
      await this.#request(wanted);
      return { isUsable: true, problem: null };
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      return { isUsable: false, problem: error.message };
    }
  }
}
