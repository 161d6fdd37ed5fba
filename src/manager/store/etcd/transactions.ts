import { randomUUID } from 'node:crypto';
import type { Compare, KeyValue, RequestOp, TxnResponse } from '../../../rpc/etcd-client.ts';
import { NotLeaderError } from '../errors.ts';
import type { EtcdEndpoints } from './endpoints.ts';
import type { Keys } from './keys.ts';
import { deleteAllOf, getOf, putOf, unchangedSince } from './operations.ts';
import { contactOf, type EtcdState, type Head } from './state.ts';
import { encodePart, operationsOf, splitWrites, type Write } from './writes.ts';

/** What allows this manager to write; both are looked at in the moment of the write. */
export interface Fence {
  /** Throws when this manager knows that it may not write. */
  compare(): Compare;
}

/** How a transaction ended: with its head, or by somebody else's that was faster. */
export type Outcome =
  | { readonly type: 'committed'; readonly head: Head }
  | { readonly type: 'overtaken'; readonly transaction: string; readonly revision: number };

/**
 * Writes transactions, all or nothing, of any size: one that fits into a request of etcd in one; a larger one is staged in parts that mean nothing
 * until the head key names them, in one request. Then they are put in place, by this manager or by the next one that writes.
 * - One call at a time.
 * - Every request holds only while the head is the one that the plan was made from, and while the fence stands.
 */
export class Transactions {
  readonly #etcd: EtcdEndpoints;
  readonly #keys: Keys;
  readonly #state: EtcdState;
  readonly #fence: Fence;

  constructor(etcd: EtcdEndpoints, keys: Keys, state: EtcdState, fence: Fence) {
    this.#etcd = etcd;
    this.#keys = keys;
    this.#state = state;
    this.#fence = fence;
  }

  async commit(writes: readonly Write[], patienceMs: number): Promise<Outcome> {
    const transaction = randomUUID();
    const parts = splitWrites(writes);
    const [only = [], ...others] = parts;
    if (others.length === 0) {
      const sweep = this.#state.hasStaged ? [deleteAllOf(this.#keys.staged)] : [];
      const operations = only.flatMap((write) => operationsOf(this.#keys, write));
      return this.#write(transaction, 0, [...operations, ...sweep], patienceMs);
    }
    for (const [index, part] of parts.entries()) {
      const outcome = await this.#stage(transaction, index, part, patienceMs);
      if (outcome !== null) return outcome;
    }
    return this.#write(transaction, parts.length, [], patienceMs);
  }

  /** Puts the staged transaction of the head in place. */
  async finish(writes: readonly Write[], patienceMs: number): Promise<Outcome> {
    const { transaction } = this.#state.head;
    const parts = splitWrites(writes);
    for (const [index, part] of parts.entries()) {
      const operations = part.flatMap((write) => operationsOf(this.#keys, write));
      if (index === parts.length - 1) {
        return this.#write(transaction, 0, [...operations, deleteAllOf(this.#keys.staged)], patienceMs);
      }
      const response = await this.#ask(operations, patienceMs);
      if (!response.succeeded) return this.#outcomeOfFailure(response, transaction, -1);
    }
    throw new TypeError('a staged transaction writes something');
  }

  /** Null when the part is there. */
  async #stage(
    transaction: string,
    index: number,
    part: readonly Write[],
    patienceMs: number,
  ): Promise<Outcome | null> {
    const key = this.#keys.stagedPart(transaction, index);
    const response = await this.#ask([putOf(key, encodePart(part))], patienceMs);
    return response.succeeded ? null : this.#outcomeOfFailure(response, transaction, -1);
  }

  /** Writes the head together with those operations. */
  async #write(
    transaction: string,
    parts: number,
    operations: readonly RequestOp[],
    patienceMs: number,
  ): Promise<Outcome> {
    const head = putOf(this.#keys.head, Buffer.from(JSON.stringify({ transaction, parts })));
    const response = await this.#ask([...operations, head], patienceMs);
    if (!response.succeeded) return this.#outcomeOfFailure(response, transaction, parts);
    return { type: 'committed', head: { transaction, parts, revision: response.header?.revision ?? 0 } };
  }

  #ask(operations: readonly RequestOp[], patienceMs: number): Promise<TxnResponse> {
    const compare = [this.#fence.compare(), unchangedSince(this.#keys.head, this.#state.head.revision)];
    const failure = [getOf(this.#keys.head), getOf(this.#keys.leader)];
    return this.#etcd.call('write the store', { patienceMs }, (client, options) =>
      client.txn({ compare, success: operations, failure }, options),
    );
  }

  /** A request that had no answer is asked again, and then finds its own head. */
  #outcomeOfFailure({ responses }: TxnResponse, transaction: string, parts: number): Outcome {
    const [headEntry, leaderEntry] = responses.map((response): KeyValue | undefined =>
      response.response === 'responseRange' ? response.responseRange.kvs[0] : undefined,
    );
    const fence = this.#fence.compare();
    if ((leaderEntry?.createRevision ?? 0) !== fence.createRevision) {
      throw new NotLeaderError(leaderEntry === undefined ? null : contactOf(leaderEntry.value));
    }
    if (headEntry === undefined) throw new TypeError('a store that is open has a head key');
    const found = JSON.parse(headEntry.value.toString()) as Pick<Head, 'transaction' | 'parts'>;
    const head: Head = { ...found, revision: headEntry.modRevision };
    if (found.transaction === transaction && found.parts === parts) return { type: 'committed', head };
    return { type: 'overtaken', transaction, revision: head.revision };
  }
}
