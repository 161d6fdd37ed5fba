import type { EtcdEndpoints } from './endpoints.ts';

/** etcd keeps every state of every key until it is told to forget; as much as this is kept for managers that have missed something. */
const keptRevisions = 10_000;

/** Lets etcd forget what nobody asks for any more, so that it does not fill up with history. */
export class History {
  readonly #etcd: EtcdEndpoints;
  readonly #kept: number;
  /** The last revision that was forgotten, as far as this manager has told. */
  #forgotten = 0;

  constructor(etcd: EtcdEndpoints, kept = keptRevisions) {
    this.#etcd = etcd;
    this.#kept = kept;
  }

  /** The store has come to that revision. Does not wait, and never fails: the next call makes up for what this one could not do. */
  note(revision: number): void {
    if (this.#forgotten === 0) this.#forgotten = revision - this.#kept;
    if (revision - this.#forgotten < 2 * this.#kept) return;
    this.#forgotten = revision - this.#kept;
    const request = { revision: this.#forgotten };
    this.#etcd
      .call('compact etcd', { patienceMs: 0 }, (client, options) => client.compact(request, options))
      .catch(() => undefined);
  }
}
