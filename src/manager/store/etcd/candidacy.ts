import { setTimeout as delay } from 'node:timers/promises';
import { randomInt } from 'node:crypto';
import type { Compare, EtcdClient } from '../../../rpc/etcd-client.ts';
import { NotLeaderError, StoreUnavailableError } from '../errors.ts';
import type { Leadership, ManagerContact } from '../../leadership/leadership.ts';
import type { EtcdEndpoints } from './endpoints.ts';
import type { Keys } from './keys.ts';
import { createdAt, putOf } from './operations.ts';
import type { Changes } from '../../../model/changes.ts';
import type { EtcdState } from './state.ts';
import type { Fence } from './transactions.ts';

/**
 * A leader that is lost is followed by another one within 5 s, also when it takes the leader of etcd with it: that is replaced in 0.5 to 1.5 s,
 * and its successor gives every lease its whole time anew, and the time of an election (lessor.Promote of etcd). etcd grants no less than one and a
 * half times of that.
 */
const defaultLeaseSeconds = 2;

/** Pause after a failure to get a lease. */
const pauseMs = 500;

/** Time for writes that have begun before the lead is handed over, in ms: each takes some milliseconds. */
const settleMs = 1000;

/** Pause of one that has handed over the lead, in ms: the member that it speaks with is back after 1 to 2 s. */
const handedOverMs = 3000;

/** Ids are chosen here, below 2^48: those that etcd chooses do not fit into a number. */
const maxLeaseId = 2 ** 48 - 1;

interface CandidacyContext {
  readonly etcd: EtcdEndpoints;
  readonly keys: Keys;
  readonly state: EtcdState;
  /** Notes what the watch brings. */
  readonly progress: Changes;
  /** Resolves when the writes are over that have begun. */
  readonly settled: () => Promise<void>;
}

interface Term {
  /** Revision of the leader key: stands for this term and no other. */
  readonly since: number;
}

/** One manager's part in the election: a key that the first one writes and that goes with its lease. */
export class Candidacy implements Leadership, Fence {
  readonly #etcd: EtcdEndpoints;
  readonly #keys: Keys;
  readonly #state: EtcdState;
  readonly #progress: Changes;
  readonly #settled: () => Promise<void>;
  readonly #self: ManagerContact;
  readonly #leaseSeconds: number;
  readonly #listeners = new Set<() => void>();
  readonly #resigning = new AbortController();
  /** Of the lease under way: ends it, and resolves when it has ended. */
  #lease: { readonly over: AbortController; readonly ended: PromiseWithResolvers<void> } | null = null;
  #running: Promise<void> | undefined;
  #term: Term | null = null;
  #isHandingOver = false;
  /** The lease holds until then, by the clock of this process, which goes on while it is stopped. */
  #validUntilMs = -Infinity;

  constructor(
    { etcd, keys, state, progress, settled }: CandidacyContext,
    self: ManagerContact,
    leaseSeconds = defaultLeaseSeconds,
  ) {
    this.#leaseSeconds = leaseSeconds;
    this.#etcd = etcd;
    this.#keys = keys;
    this.#state = state;
    this.#progress = progress;
    this.#settled = settled;
    this.#self = self;
  }

  get isLeader(): boolean {
    return !this.#isHandingOver && this.#mayWrite;
  }

  get leader(): ManagerContact | null {
    return this.#state.leader?.contact ?? null;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  compare(): Compare {
    if (this.#term === null || !this.#mayWrite) throw new NotLeaderError(this.leader);
    return createdAt(this.#keys.leader, this.#term.since);
  }

  /** Somebody else's term began or ended, or it can no longer, or again, be known whose it is. */
  noteLeader(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Stands for election until it resigns. */
  start(): void {
    this.#running ??= this.#run(this.#resigning.signal);
  }

  async handOver(): Promise<void> {
    const lease = this.#lease;
    if (lease === null || !this.isLeader) return;
    // What is asked from now on waits for the next leader; what was asked before is stored.
    this.#isHandingOver = true;
    this.noteLeader();
    try {
      await Promise.race([this.#settled(), delay(settleMs, undefined, { ref: false })]);
      lease.over.abort();
      await lease.ended.promise;
    } finally {
      this.#isHandingOver = false;
    }
  }

  get #mayWrite(): boolean {
    return this.#term !== null && performance.now() < this.#validUntilMs;
  }

  async resign(): Promise<void> {
    this.#resigning.abort();
    await this.#running;
  }

  /** Gives the lease back at the end, so that nobody waits for it to run out. Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const id = randomInt(1, maxLeaseId);
      const lease = { over: new AbortController(), ended: Promise.withResolvers<void>() };
      this.#lease = lease;
      try {
        await this.#standWithLease(id, AbortSignal.any([signal, lease.over.signal]));
      } catch {
        // No lease, or none any more: what is wrong with etcd is told by the watch and by whoever writes.
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
      this.#end();
      await this.#revoke(id);
      lease.ended.resolve();
      if (lease.over.signal.aborted) await delay(handedOverMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #standWithLease(id: number, signal: AbortSignal): Promise<void> {
    const askedAtMs = performance.now();
    const { ttl } = await this.#etcd.call('stand for election', { patienceMs: 0 }, (client, options) =>
      client.leaseGrant({ id, ttl: this.#leaseSeconds }, options),
    );
    const ttlMs = ttl * 1000;
    this.#validUntilMs = askedAtMs + ttlMs;
    const over = new AbortController();
    const scope = AbortSignal.any([signal, over.signal]);
    try {
      await Promise.race([this.#keep(id, ttlMs, scope), this.#campaign(id, scope)]);
    } finally {
      over.abort();
    }
  }

  /** Renews the lease; rejects when it has run out. */
  async #keep(id: number, ttlMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(ttlMs / 3, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const askedAtMs = performance.now();
      if ((await this.#renewInTime(id, ttlMs / 3, signal)) === 0) {
        throw new StoreUnavailableError('hold the lead: the lease has run out');
      }
      this.#validUntilMs = askedAtMs + ttlMs;
    }
  }

  /** The seconds that the lease has now; 0 when it has run out, be it while nobody answered. */
  async #renewInTime(id: number, attemptMs: number, signal: AbortSignal): Promise<number> {
    const patience = { patienceMs: this.#validUntilMs - performance.now(), attemptMs };
    const done = new AbortController();
    const runOut = delay(Math.max(0, patience.patienceMs), 0, { signal: AbortSignal.any([signal, done.signal]) });
    const answer = this.#etcd.call('hold the lead', patience, (client, { deadlineMs }) =>
      renew(client, id, deadlineMs),
    );
    try {
      return await Promise.race([answer, runOut]);
    } finally {
      done.abort();
      // Nobody waits for the one that comes last.
      for (const late of [answer, runOut]) late.catch(() => undefined);
    }
  }

  /** Waits for the leader's end, tries to be the next, and leads until the key is gone. */
  async #campaign(id: number, signal: AbortSignal): Promise<void> {
    while (await this.#progress.until(() => this.#state.leader === null, signal)) {
      const since = await this.#tryToLead(id);
      if (since === null) continue;
      // When the own key is seen, so is everything that former leaders wrote; nothing of theirs can follow.
      if (!(await this.#progress.until(() => this.#state.leader?.since === since, signal))) return;
      this.#begin({ since });
      await this.#progress.until(() => this.#state.leader?.since !== since, signal);
      this.#end();
    }
  }

  /** The revision of the new term; null when another one was faster. */
  async #tryToLead(id: number): Promise<number | null> {
    const key = this.#keys.leader;
    const request = {
      compare: [createdAt(key, 0)],
      success: [putOf(key, Buffer.from(JSON.stringify(this.#self)), id)],
    };
    const patience = { patienceMs: this.#validUntilMs - performance.now() };
    const { succeeded, header } = await this.#etcd.call('stand for election', patience, (client, options) =>
      client.txn({ ...request, failure: [] }, options),
    );
    return succeeded ? (header?.revision ?? 0) : null;
  }

  #begin(term: Term): void {
    this.#term = term;
    this.noteLeader();
  }

  #end(): void {
    if (this.#term === null) return;
    this.#term = null;
    this.noteLeader();
  }

  async #revoke(id: number): Promise<void> {
    try {
      await this.#etcd.call('leave the lead', { patienceMs: 0, attemptMs: 1000 }, (client, options) =>
        client.leaseRevoke({ id }, options),
      );
    } catch {
      // It runs out by itself.
    }
  }
}

/** The seconds that the lease has now; 0 when there is none any more. */
async function renew(client: EtcdClient, id: number, deadlineMs: number): Promise<number> {
  const stream = client.leaseKeepAlive({ deadlineMs });
  await stream.write({ id });
  for await (const { ttl } of stream) {
    stream.cancel();
    return ttl;
  }
  throw new StoreUnavailableError('hold the lead: the member did not answer');
}
