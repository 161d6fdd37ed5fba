import { Changes } from '../../../src/model/changes.ts';
import type { KernelPresence, NodeDescription } from '../../../src/model/objects.ts';
import { wireguardPort } from '../networks/encryption/plan-encryption.ts';
import type { WireguardFinding } from '../networks/encryption/wireguard-tunnels.ts';

/** What this host says of itself to managers. It is said with each session, so that another one begins when it changes. */
export class SelfDescription {
  readonly #facts: NodeDescription;
  readonly #changes = new Changes();
  #encryptionProblem: string | null = null;
  #wireguard: WireguardFinding | null = null;
  #refusal: string | null = null;
  #current: NodeDescription;

  constructor(facts: NodeDescription) {
    this.#facts = facts;
    this.#current = facts;
  }

  get current(): NodeDescription {
    return this.#current;
  }

  /** UDP port of this host's WireGuard; 0 = it has none. What is written about the kernel is believed until the kernel has been asked. */
  get tunnelPort(): number {
    return this.#current.kernelFeatures.wireguard === 'available' ? wireguardPort : 0;
  }

  /** Why the kernel does not encrypt what goes to other hosts, whatever is written about it; null when it does after all. */
  setEncryptionProblem(problem: string | null): void {
    this.#encryptionProblem = problem;
    this.#describe();
  }

  /** Whether the kernel has WireGuard, whatever is written about it. */
  setWireguard(finding: WireguardFinding): void {
    this.#wireguard = finding;
    if (presenceOf(finding) !== this.#current.kernelFeatures.wireguard) this.#describe();
  }

  /** That the kernel had no room for connections; once in the life of a daemon is enough to look after it. `now` is in RFC 3339. */
  noteRefusal(line: string, now: string): void {
    if (this.#refusal !== null) return;
    this.#refusal = `${line} (first seen at ${now})`;
    this.#describe();
  }

  /** Resolves to true when it is another one than that, and to false when the signal aborts before. */
  changedFrom(known: NodeDescription, signal: AbortSignal): Promise<boolean> {
    return this.#changes.until(() => this.#current !== known, signal);
  }

  #describe(): void {
    const { kernelFeatures, limitations } = this.#facts;
    const encryption =
      this.#encryptionProblem === null
        ? []
        : [`no containers on encrypted networks until the daemon is restarted: ${this.#encryptionProblem}`];
    const wireguard = this.#wireguard?.problem ?? null;
    const fallback =
      wireguard === null
        ? []
        : [`encrypts by IPsec, and not by WireGuard, until the daemon is restarted: ${wireguard}`];
    const refusal = this.#refusal === null ? [] : [this.#refusal];
    this.#current = {
      ...this.#facts,
      kernelFeatures: {
        ...kernelFeatures,
        ...(this.#encryptionProblem === null ? {} : { 'ipsec-esp': 'missing' }),
        ...(this.#wireguard === null ? {} : { wireguard: presenceOf(this.#wireguard) }),
      },
      limitations: [...limitations, ...encryption, ...fallback, ...refusal],
    };
    this.#changes.note();
  }
}

function presenceOf({ isUsable }: WireguardFinding): KernelPresence {
  return isUsable ? 'available' : 'missing';
}
