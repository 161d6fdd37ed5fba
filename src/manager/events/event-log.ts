import type { TaskObject } from '../../model/objects.ts';
import { longestTimerMs } from '../../model/timer.ts';
import type { Event, EventsRequest } from '../../rpc/messages.ts';
import { stackOf } from '../store/object-index.ts';
import { subjectOf } from '../store/change.ts';
import type { Committed, Store } from '../store/store.ts';
import { AsyncQueue } from '../streams/async-queue.ts';
import { deriveEvents } from './derive-events.ts';
import { makeEvent } from './make-event.ts';

/** Events kept for `--since`: some hours of a busy host in a few megabytes. */
const maxKept = 10_000;

/** The oldest go so many at a time: to take them one by one from the front would move all the others for each. */
const droppedAtOnce = 1000;

interface Entry {
  readonly stack: string | null;
  readonly event: Event;
}

/** Container events since the manager started. Those of one-offs are not shown. */
export class EventLog {
  readonly #entries: Entry[] = [];
  readonly #followers = new Set<(entry: Entry) => void>();
  readonly #unsubscribe: () => void;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#now = now;
    this.#unsubscribe = store.subscribe((committed) => this.#noteChanges(committed));
  }

  stop(): void {
    this.#unsubscribe();
    this.#followers.clear();
  }

  /** Notes what no change of the stored objects tells. */
  note(task: TaskObject, action: string, attributes: Readonly<Record<string, string>>): void {
    if (task.oneOff !== null) return;
    this.#add({ stack: task.stack, event: makeEvent(task, action, this.#now(), attributes) });
  }

  /** Kept events since the asked time, then those that come, until the asked time. */
  async *stream(request: EventsRequest, signal: AbortSignal): AsyncGenerator<Event> {
    const queue = new AsyncQueue<Entry>(shorten).follow(signal);
    const end = endAt(request.untilMs, this.#now(), queue);
    const follower = (entry: Entry): void => queue.push(entry);
    // Kept ones and following ones are taken in one turn: none is missed, none is told twice.
    if (request.sinceMs > 0) for (const entry of this.#entries) queue.push(entry);
    this.#followers.add(follower);
    try {
      for await (const entry of queue) if (isAskedFor(entry, request)) yield entry.event;
    } finally {
      this.#followers.delete(follower);
      clearTimeout(end);
    }
  }

  #noteChanges({ changes }: Committed): void {
    for (const change of changes) {
      const object = subjectOf(change);
      if (object.kind !== 'task' || object.oneOff !== null) continue;
      for (const event of deriveEvents(change, this.#now())) this.#add({ stack: stackOf(object), event });
    }
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length >= maxKept + droppedAtOnce) this.#entries.splice(0, droppedAtOnce);
    for (const follower of this.#followers) follower(entry);
  }
}

/** A client that does not read misses the oldest, as one that comes late does. */
function shorten(backlog: Entry[]): Entry[] {
  return backlog.length <= maxKept ? backlog : backlog.slice(-maxKept);
}

function endAt(untilMs: number, nowMs: number, queue: AsyncQueue<Entry>): NodeJS.Timeout | undefined {
  if (untilMs === 0) return undefined;
  if (untilMs > nowMs) return setTimeout(() => queue.end(), Math.min(untilMs - nowMs, longestTimerMs));
  // What is kept is still read.
  setImmediate(() => queue.end());
  return undefined;
}

function isAskedFor({ stack, event }: Entry, request: EventsRequest): boolean {
  const timeMs = event.timeNs / 1e6;
  if (request.stack !== '' && request.stack !== stack) return false;
  if (request.services.length > 0 && !request.services.includes(event.service)) return false;
  return timeMs >= request.sinceMs && (request.untilMs === 0 || timeMs <= request.untilMs);
}
