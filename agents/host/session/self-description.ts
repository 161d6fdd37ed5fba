import { Changes } from '../../../src/model/changes.ts';
import type { NodeDescription } from '../../../src/model/objects.ts';

/** What this host says of itself to managers. It is said with each session, so that another one begins when it changes. */
export class SelfDescription {
  readonly #facts: NodeDescription;
  readonly #changes = new Changes();
  #encryptionProblem: string | null = null;
  #refusal: string | null = null;
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
    this.#encryptionProblem = problem;
    this.#describe();
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
    const refusal = this.#refusal === null ? [] : [this.#refusal];
    this.#current = {
      ...this.#facts,
      kernelFeatures: encryption.length === 0 ? kernelFeatures : { ...kernelFeatures, 'ipsec-esp': 'missing' },
      limitations: [...limitations, ...encryption, ...refusal],
    };
    this.#changes.note();
  }
}
