import { isDeepStrictEqual } from 'node:util';
import type { KernelPresence } from '../../../../src/model/objects.ts';
import { NativeError } from '../../native/native-error.ts';
import type { WireguardRequest } from '../../native/net-protocol.ts';
import type { NetRequester } from '../rule-writer.ts';
import type { RetryPause } from './retry-pause.ts';

/** What the kernel has said about WireGuard, and other hosts by it. */
export interface WireguardFinding {
  readonly isUsable: boolean;
  /** Why it is not, though it seemed to be; null where nothing promised it. */
  readonly problem: string | null;
  /** Addresses of hosts with WireGuard that do not answer: what goes there goes by IPsec until they do. */
  readonly silent: readonly string[];
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
  readonly #pause: RetryPause;
  /** Null until the kernel has been asked. */
  #found: WireguardFinding | null;
  /** Something may be there that has to go: what a daemon before has left, to begin with. */
  #isLeft: boolean;

  /** `pause`: after a failure; what it says when it is over leads to the next call of `set`. */
  constructor(options: WireguardOptions, request: NetRequester, pause: RetryPause) {
    this.#options = options;
    this.#request = request;
    this.#pause = pause;
    this.#found = options.wireguard === 'missing' ? lacking : null;
    this.#isLeft = options.wireguard !== 'missing';
  }

  /** Puts the plan in effect where the kernel can; resolves when nothing of it is there where it cannot. */
  async set(wanted: WireguardRequest): Promise<void> {
    if (this.#mayTry) {
      const finding = await this.#attempt(wanted);
      if (!isDeepStrictEqual(finding, this.#found)) this.#options.onWireguard(finding);
      this.#found = finding;
      if (finding.problem !== null) this.#pause.begin();
    }
    if (this.#found?.isUsable === false) await this.remove(wanted);
  }

  /** Nothing goes by WireGuard any more; also what a daemon before may have left. */
  async remove(wanted: WireguardRequest): Promise<void> {
    if (!this.#isLeft) return;
    await this.#request({ ...wanted, local: null, privateKey: null, peers: [] });
    this.#isLeft = false;
  }

  /** What the kernel lacks, and nobody has missed, it lacks for as long as this daemon lives. */
  get #mayTry(): boolean {
    const { isUsable, problem } = this.#found ?? { isUsable: true, problem: null };
    return isUsable || (problem !== null && !this.#pause.isOn);
  }

  async #attempt(wanted: WireguardRequest): Promise<WireguardFinding> {
    try {
      const { available, reason = '' } =
        this.#found?.isUsable === true ? { available: true } : await this.#request({ op: 'wireguard.probe' });
      // What nothing has promised is not missed.
      if (!available) return { ...lacking, problem: this.#options.wireguard === 'available' ? reason : null };
      this.#isLeft = true;
      const { silent } = await this.#request(wanted);
      return { isUsable: true, problem: null, silent };
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      return { ...lacking, problem: error.message };
    }
  }
}

const lacking: WireguardFinding = { isUsable: false, problem: null, silent: [] };
