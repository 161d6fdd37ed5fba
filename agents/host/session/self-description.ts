import { Changes } from '../../../src/model/changes.ts';
import type { NodeDescription } from '../../../src/model/objects.ts';

/** What this host says of itself to managers. It is said with each session, so that another one begins when it changes. */
export class SelfDescription {
  readonly #facts: NodeDescription;
  readonly #changes = new Changes();
  #current: NodeDescription;

  constructor(facts: NodeDescription) {
    this.#facts = facts;
    this.#current = facts;
  }

  get current(): NodeDescription {
    return this.#current;
  }

  /** Why the kernel does not encrypt what goes to other hosts, whatever is written about it; null when it does after all. */
  setEncryptionProblem(problem: string | null): void {
    const { kernelFeatures, limitations } = this.#facts;
    this.#current =
      problem === null
        ? this.#facts
        : {
            ...this.#facts,
            kernelFeatures: { ...kernelFeatures, 'ipsec-esp': 'missing' },
            limitations: [
              ...limitations,
              `no containers on encrypted networks until the daemon is restarted: ${problem}`,
            ],
          };
    this.#changes.note();
  }

  /** Resolves to true when it is another one than that, and to false when the signal aborts before. */
  changedFrom(known: NodeDescription, signal: AbortSignal): Promise<boolean> {
    return this.#changes.until(() => this.#current !== known, signal);
  }
}
