import { completeObject } from '../../../model/complete-object.ts';
import type { ModelObject } from '../../../model/objects.ts';
import type { KeyValue, WatchEvent } from '../../../rpc/etcd-client.ts';
import type { ObjectChange } from '../change.ts';
import { StoreError } from '../errors.ts';
import type { ManagerContact } from '../../leadership/leadership.ts';
import { ObjectIndex } from '../object-index.ts';
import type { Keys } from './keys.ts';
import type { Snapshot } from './snapshot.ts';
import { decodePart, type Write } from './writes.ts';

/**
 * What the head key says. Every transaction writes it, and holds only if nobody else has written it since its plan was made. With `parts` the
 * transaction is committed, but what it writes still lies in that many staged parts; readers take it from there, and the next writer first
 * puts it in place.
 */
export interface Head {
  readonly transaction: string;
  readonly parts: number;
  /** Of its last write. */
  readonly revision: number;
}

/** Who leads. */
export interface LeaderEntry {
  readonly contact: ManagerContact;
  /** When it began to lead; stands for this leadership and no other. */
  readonly since: number;
}

/** The ids of so many transactions are kept, to know what became of one that had no answer. */
const rememberedTransactions = 1000;

/** Number of a deletion in WatchEvent.type. */
const deletion = 1;

/** What is stored, in memory: follows a snapshot, watched events and own commits, each of which it takes once. */
export class EtcdState {
  readonly index = new ObjectIndex();
  readonly #keys: Keys;
  readonly #contents = new Map<string, Buffer>();
  readonly #staged = new Map<string, Map<number, Buffer>>();
  readonly #seen = new Set<string>();
  #head: Head = { transaction: '', parts: 0, revision: 0 };
  #leader: LeaderEntry | null = null;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  get head(): Head {
    return this.#head;
  }

  get leader(): LeaderEntry | null {
    return this.#leader;
  }

  /** True when parts lie about: of a transaction to be put in place, or of one that never came to be. */
  get hasStaged(): boolean {
    return this.#staged.size > 0;
  }

  /** Whether the transaction is among those that were taken in of late. */
  hasSeen(transaction: string): boolean {
    return this.#seen.has(transaction);
  }

  sealedContent(id: string): Buffer | undefined {
    return this.#contents.get(id);
  }

  /** Replaces everything; returns the difference. */
  reset({ entries }: Snapshot): readonly ObjectChange[] {
    const objects = new Map<string, ModelObject>();
    this.#contents.clear();
    this.#staged.clear();
    this.#leader = null;
    for (const entry of entries) {
      const subject = this.#keys.subjectOf(entry.key);
      if (subject.type === 'object') objects.set(subject.id, completeObject(parse<ModelObject>(entry)));
      else this.#takeEntry(entry);
    }
    const head = entries.find(({ key }) => key.equals(this.#keys.head));
    if (head === undefined)
      throw new StoreError('read the store: it has lost its head key', { hint: 'restore etcd from a copy' });
    this.#noteHead(head);
    if (this.#head.parts > 0) for (const write of this.stagedWrites()) this.#overlay(objects, write);
    const changes = differences(this.index, objects);
    this.index.apply(changes);
    return changes;
  }

  /** Takes watched events in; returns the commits among them, in their order. */
  take(events: readonly WatchEvent[]): readonly (readonly ObjectChange[])[] {
    const revisions = Map.groupBy(events, ({ kv }) => kv?.modRevision ?? 0);
    return [...revisions.values()].map((group) => this.#takeRevision(group)).filter(({ length }) => length > 0);
  }

  /** Takes a commit in, this manager's own or a staged one. */
  commit(writes: readonly Write[]): readonly ObjectChange[] {
    const changes: ObjectChange[] = [];
    for (const write of writes) {
      if (write.type === 'content') this.#contents.set(write.id, write.sealed);
      else changes.push(...this.#changeOf(write));
    }
    this.index.apply(changes);
    return changes;
  }

  /** The head as an own transaction has left it. */
  advance(head: Head): void {
    this.#head = head;
    this.#seen.add(head.transaction);
    const [oldest] = this.#seen;
    if (oldest !== undefined && this.#seen.size > rememberedTransactions) this.#seen.delete(oldest);
  }

  /** What the staged transaction writes. */
  stagedWrites(): readonly Write[] {
    const { transaction, parts } = this.#head;
    const staged = this.#staged.get(transaction);
    return Array.from({ length: parts }, (_unused, index) => {
      const part = staged?.get(index);
      if (part === undefined)
        throw new StoreError(`read the store: part ${index} of transaction ${transaction} is missing`);
      return decodePart(part);
    }).flat();
  }

  #takeRevision(events: readonly WatchEvent[]): readonly ObjectChange[] {
    const head = events.find(({ kv }) => kv?.key.equals(this.#keys.head) === true)?.kv;
    const writes: Write[] = [];
    for (const event of events) {
      const write = this.#takeEvent(event);
      if (write !== null) writes.push(write);
    }
    // Without the head they put a staged transaction in place; an own one has been taken in with its answer.
    if (head === undefined || head === null || head.modRevision <= this.#head.revision) return [];
    const before = this.#head.transaction;
    this.#noteHead(head);
    if (this.#head.transaction === before) return [];
    return this.commit(this.#head.parts > 0 ? this.stagedWrites() : writes);
  }

  #takeEvent({ type, kv }: WatchEvent): Write | null {
    if (kv === null) return null;
    const subject = this.#keys.subjectOf(kv.key);
    if (subject.type === 'object') {
      if (type !== deletion) return { type: 'put', object: completeObject(parse<ModelObject>(kv)) };
      return { type: 'delete', id: subject.id, kind: subject.kind };
    }
    if (subject.type === 'content')
      return type === deletion ? null : { type: 'content', id: subject.id, sealed: kv.value };
    if (type !== deletion) this.#takeEntry(kv);
    else if (subject.type === 'leader') this.#leader = null;
    else if (subject.type === 'staged') this.#staged.delete(subject.transaction);
    return null;
  }

  #takeEntry(entry: KeyValue): void {
    const subject = this.#keys.subjectOf(entry.key);
    if (subject.type === 'content') this.#contents.set(subject.id, entry.value);
    else if (subject.type === 'leader') this.#leader = { contact: contactOf(entry.value), since: entry.createRevision };
    else if (subject.type === 'staged') {
      const parts = this.#staged.get(subject.transaction) ?? new Map<number, Buffer>();
      this.#staged.set(subject.transaction, parts.set(subject.index, entry.value));
    }
  }

  #noteHead(entry: KeyValue): void {
    const { transaction, parts } = parse<Pick<Head, 'transaction' | 'parts'>>(entry);
    this.advance({ transaction, parts, revision: entry.modRevision });
  }

  #changeOf(write: Exclude<Write, { type: 'content' }>): readonly ObjectChange[] {
    if (write.type === 'put') {
      const { kind, id } = write.object;
      return [{ before: this.index.get(kind, id) ?? null, after: write.object }];
    }
    this.#contents.delete(write.id);
    const before = this.index.get(write.kind, write.id);
    return before === undefined ? [] : [{ before, after: null }];
  }

  #overlay(objects: Map<string, ModelObject>, write: Write): void {
    if (write.type === 'put') objects.set(write.object.id, write.object);
    else if (write.type === 'content') this.#contents.set(write.id, write.sealed);
    else {
      objects.delete(write.id);
      this.#contents.delete(write.id);
    }
  }
}

/** Who the value of the leader key names. */
export function contactOf(value: Buffer): ManagerContact {
  return JSON.parse(value.toString()) as ManagerContact;
}

function parse<Value>({ key, value }: KeyValue): Value {
  try {
    return JSON.parse(value.toString()) as Value;
  } catch (cause) {
    throw new StoreError(`read the store: ${key.toString()} is damaged`, { cause, hint: 'restore etcd from a copy' });
  }
}

function differences(index: ObjectIndex, objects: ReadonlyMap<string, ModelObject>): readonly ObjectChange[] {
  const gone = index.everything().filter(({ id }) => !objects.has(id));
  const sorted = [...objects.values()].sort((a, b) =>
    a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0,
  );
  const news = sorted.flatMap((after): readonly ObjectChange[] => {
    const before = index.get(after.kind, after.id) ?? null;
    return before !== null && JSON.stringify(before) === JSON.stringify(after) ? [] : [{ before, after }];
  });
  return [...gone.map((before) => ({ before, after: null })), ...news];
}
