import type { AssignmentsMessage } from '../../src/rpc/messages.ts';

/** What crossed the wire between agents and their manager, heartbeats left out. */
export class Traffic {
  /** Sessions that were begun. */
  sessions = 0;
  /** Messages of assignments. */
  messages = 0;
  /** Characters of the objects in them. */
  characters = 0;
  /** Calls with states that were answered, and states in them. */
  reports = 0;
  statuses = 0;
  readonly #onChange: () => void;

  constructor(onChange: () => void = () => undefined) {
    this.#onChange = onChange;
  }

  noteSession(): void {
    this.sessions += 1;
    this.#onChange();
  }

  noteMessage({ upserts }: AssignmentsMessage): void {
    this.messages += 1;
    for (const { document } of upserts) this.characters += document.length;
    this.#onChange();
  }

  noteReport(statuses: number): void {
    this.reports += 1;
    this.statuses += statuses;
    this.#onChange();
  }
}
