import { isDeepStrictEqual } from 'node:util';
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
  #tunnelKey: Buffer = Buffer.alloc(0);
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

  /** Public key of this host's tunnels; empty until it is known. */
  get tunnelKey(): Buffer {
    return this.#tunnelKey;
  }

  setTunnelKey(key: Buffer): void {
    this.#tunnelKey = key;
    this.#describe();
  }

  /** Why the kernel does not encrypt what goes to other hosts, whatever is written about it; null when it does after all. */
  setEncryptionProblem(problem: string | null): void {
    this.#encryptionProblem = problem;
    this.#describe();
  }

  /** Whether the kernel has WireGuard, whatever is written about it, and who does not answer by it. */
  setWireguard(finding: WireguardFinding): void {
    const before = this.#wireguard ?? { problem: null, silent: [] };
    this.#wireguard = finding;
    const isKnown = presenceOf(finding) === this.#current.kernelFeatures.wireguard;
    if (!isKnown || !isDeepStrictEqual(limitationsOf(finding), limitationsOf(before))) this.#describe();
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
    const fallback = this.#wireguard === null ? [] : limitationsOf(this.#wireguard);
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

/** So many hosts are named in a sentence. */
const mostNamed = 5;

function limitationsOf({ problem, silent }: Pick<WireguardFinding, 'problem' | 'silent'>): readonly string[] {
  if (problem !== null) return [`encrypts by IPsec, and not by WireGuard, which is tried again: ${problem}`];
  if (silent.length === 0) return [];
  const named = silent.slice(0, mostNamed).join(', ');
  const rest = silent.length > mostNamed ? ` and ${silent.length - mostNamed} more` : '';
  return [
    `encrypts by IPsec, and not by WireGuard, what goes to ${named}${rest}: no answer at UDP port ${wireguardPort}`,
  ];
}

function presenceOf({ isUsable }: WireguardFinding): KernelPresence {
  return isUsable ? 'available' : 'missing';
}
