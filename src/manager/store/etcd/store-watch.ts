import { setTimeout as delay } from 'node:timers/promises';
import type { EtcdClient, WatchEvent, WatchResponse } from '../../../rpc/etcd-client.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { EtcdEndpoints } from './endpoints.ts';
import { rangeEndOf, type Keys } from './keys.ts';

/** Pauses before a broken watch is begun again, at another member: the first and the longest, in ms. */
const firstPauseMs = 50;
const maxPauseMs = 1000;

/** Told of what is watched. */
export interface WatchListener {
  /** Whole revisions, in their order. */
  onEvents(events: readonly WatchEvent[]): void;
  /** The watch stands: what is in memory follows what is stored. */
  onLive(): void;
  /** It is broken, and will be begun again. */
  onBroken(error: unknown): void;
  /** What comes next was forgotten, or never was: reads everything anew and returns the revision of that. */
  reload(): Promise<number>;
}

/** The events between what is in memory and now cannot be had. */
class GapError extends StoreUnavailableError {}

/** Follows the store from a revision on, over breaks of the connection and without a gap. */
export class StoreWatch {
  readonly #etcd: EtcdEndpoints;
  readonly #keys: Keys;
  readonly #listener: WatchListener;
  /** Everything up to it has been told. */
  #revision: number;
  #pauseMs = firstPauseMs;

  constructor(etcd: EtcdEndpoints, keys: Keys, revision: number, listener: WatchListener) {
    this.#etcd = etcd;
    this.#keys = keys;
    this.#revision = revision;
    this.#listener = listener;
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const client = this.#etcd.current;
      try {
        await this.#follow(client, signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(client, error);
      }
      await delay(this.#pauseMs, undefined, { signal }).catch(() => undefined);
      this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs);
    }
  }

  async #recover(client: EtcdClient, error: unknown): Promise<void> {
    this.#listener.onBroken(error);
    if (!(error instanceof GapError)) return this.#etcd.moveOn(client, error);
    try {
      this.#revision = await this.#listener.reload();
    } catch (failure) {
      this.#listener.onBroken(failure);
    }
  }

  async #follow(client: EtcdClient, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stream = client.watch({ signal: AbortSignal.any([signal, over.signal]) });
    const { all } = this.#keys;
    const what = { key: all, rangeEnd: rangeEndOf(all), startRevision: this.#revision + 1 };
    try {
      await stream.write({
        requestUnion: 'createRequest',
        createRequest: { ...what, progressNotify: true, fragment: true },
      });
      let events: WatchEvent[] = [];
      for await (const response of stream) {
        this.#check(response);
        events.push(...response.events);
        if (response.fragment) continue;
        this.#tell(events, response);
        events = [];
      }
      throw new StoreUnavailableError('watch the store: the member ended the watch');
    } finally {
      over.abort();
    }
  }

  #check({ canceled, compactRevision, cancelReason, created, header }: WatchResponse): void {
    if (compactRevision > 0) throw new GapError(`watch the store: revisions before ${compactRevision} are forgotten`);
    if (canceled) throw new StoreUnavailableError(`watch the store: ${cancelReason}`);
    // etcd was set back to an older copy: what it will count up to has other meanings here.
    const isOlder = created && (header?.revision ?? 0) < this.#revision;
    if (isOlder) throw new GapError(`watch the store: etcd is older than revision ${this.#revision}`);
  }

  #tell(events: readonly WatchEvent[], { created, header }: WatchResponse): void {
    if (created) {
      this.#pauseMs = firstPauseMs;
      this.#listener.onLive();
    }
    if (events.length > 0) this.#listener.onEvents(events);
    // A response without events tells that there were none up to its revision, but for the one that only says that the watch stands.
    const last = events.at(-1)?.kv?.modRevision ?? (created ? 0 : (header?.revision ?? 0));
    this.#revision = Math.max(this.#revision, last);
  }
}
