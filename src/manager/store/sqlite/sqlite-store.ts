import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { newId } from '../../../model/ids.ts';
import { completeObject } from '../../../model/complete-object.ts';
import type { ModelObject } from '../../../model/objects.ts';
import type { ContentSeal } from '../../authority/content-seal.ts';
import type { Change, ObjectChange } from '../change.ts';
import { StoreConflictError, StoreError } from '../errors.ts';
import type { StoreIdentity } from '../identity.ts';
import { ObjectIndex, type StoreView } from '../object-index.ts';
import type { Committed, Durability, Store, Transaction } from '../store.ts';
import { openDatabase } from './open-database.ts';
import { SharedSpecs } from './shared-specs.ts';

/** The embedded backend: one SQLite file, one process, everything in memory as well. Writes are synchronous, so no other plan can come between. */
export class SqliteStore implements Store {
  /** Nobody else writes the file. */
  readonly staleness = null;
  readonly clusterId: string;
  readonly epoch: number;
  #revision: number;
  /** Of these nothing can be lost. */
  #durableRevision: number;
  #durability: Durability = 'now';
  readonly #database: DatabaseSync;
  readonly #seal: ContentSeal;
  readonly #specs: SharedSpecs;
  readonly #index = new ObjectIndex();
  readonly #listeners = new Set<(committed: Committed) => void>();
  readonly #now: () => Date;
  readonly #statements: Record<
    'insert' | 'update' | 'delete' | 'writeContent' | 'deleteContent' | 'content' | 'count',
    StatementSync
  >;

  /** `identity` is that of a store which is made: another one's, whose place it takes. */
  constructor(path: string, seal: ContentSeal, now: () => Date = () => new Date(), identity?: StoreIdentity) {
    this.#database = openDatabase(path);
    this.#specs = new SharedSpecs(this.#database);
    this.#seal = seal;
    this.#now = now;
    this.#statements = {
      insert: this.#database.prepare('INSERT INTO objects (kind, id, version, document) VALUES (?, ?, ?, ?)'),
      update: this.#database.prepare('UPDATE objects SET version = ?, document = ? WHERE kind = ? AND id = ?'),
      delete: this.#database.prepare('DELETE FROM objects WHERE kind = ? AND id = ?'),
      writeContent: this.#database.prepare('INSERT OR REPLACE INTO contents (id, sealed) VALUES (?, ?)'),
      deleteContent: this.#database.prepare('DELETE FROM contents WHERE id = ?'),
      content: this.#database.prepare('SELECT sealed FROM contents WHERE id = ?'),
      count: this.#database.prepare("UPDATE meta SET value = ? WHERE key = 'revision'"),
    };
    this.clusterId = this.#meta('cluster_id', () => identity?.clusterId ?? newId());
    this.epoch = Number(this.#meta('epoch', () => String(identity?.epoch ?? now().getTime())));
    this.#revision = Number(this.#meta('revision', () => String(identity?.revision ?? 0)));
    this.#durableRevision = this.#revision;
    this.#checkSeal(path);
    this.#load(path);
  }

  get revision(): number {
    return this.#durableRevision;
  }

  get view(): StoreView {
    return this.#index;
  }

  async update<Result>(
    plan: (view: StoreView) => Transaction<Result>,
    durability: Durability = 'now',
  ): Promise<Result> {
    const { changes, result } = plan(this.#index);
    if (changes.length === 0) return result;
    this.#wait(durability);
    const committed = this.#commit(changes);
    if (durability === 'now') this.#durableRevision = this.#revision;
    this.#index.apply(committed);
    for (const listener of this.#listeners) listener({ changes: committed });
    return result;
  }

  subscribe(listener: (committed: Committed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  payloadContent(id: string): Buffer | undefined {
    const row = this.#statements.content.get(id);
    return row === undefined ? undefined : this.#seal.open(Buffer.from(row['sealed'] as Uint8Array), id);
  }

  close(): void {
    this.#listeners.clear();
    this.#database.close();
  }

  /** Whether the next commit waits for the disk. All that came before is then written as well: the log is one file. */
  #wait(durability: Durability): void {
    if (durability === this.#durability) return;
    this.#database.exec(`PRAGMA synchronous = ${durability === 'now' ? 'FULL' : 'NORMAL'}`);
    this.#durability = durability;
  }

  #commit(changes: readonly Change[]): ObjectChange[] {
    const updatedAt = this.#now().toISOString();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const committed = changes.map((change) => this.#write(change, updatedAt));
      this.#statements.count.run(String(this.#revision + 1));
      this.#database.exec('COMMIT');
      this.#revision++;
      return committed;
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#specs.forget();
      if (error instanceof StoreConflictError) throw error;
      const hint = 'look at the disk of the data root: there has to be room, and it has to be writable';
      throw new StoreError(`write the store: ${(error as Error).message}`, { cause: error, hint });
    }
  }

  #write(change: Change, updatedAt: string): ObjectChange {
    const { kind, id, version } = change.object;
    const before = this.#index.get(kind, id) ?? null;
    if ((before?.version ?? 0) !== version) throw new StoreConflictError(kind, id, version, before?.version ?? 0);
    if (change.type === 'delete') {
      this.#statements.delete.run(kind, id);
      this.#statements.deleteContent.run(id);
      return { before, after: null };
    }
    const after: ModelObject = { ...change.object, version: version + 1, updatedAt };
    const document = this.#specs.documentOf(after);
    if (before === null) this.#statements.insert.run(kind, id, after.version, document);
    else this.#statements.update.run(after.version, document, kind, id);
    if (change.content !== undefined) this.#statements.writeContent.run(id, this.#seal.seal(change.content, id));
    return { before, after };
  }

  /** A value that is made with the store. */
  #meta(key: string, make: () => string): string {
    const row = this.#database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
    if (row !== undefined) return String(row['value']);
    const value = make();
    this.#database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run(key, value);
    return value;
  }

  /** A store beside a new key file would lose every secret one by one; better to say so at once. */
  #checkSeal(path: string): void {
    const fingerprint = this.#seal.digest(Buffer.from(this.clusterId));
    if (this.#meta('seal', () => fingerprint) === fingerprint) return;
    throw new StoreError(`open store ${path}: its secrets were sealed with another key`, {
      hint: 'put the key file of this store back beside it',
    });
  }

  #load(path: string): void {
    try {
      const rows = this.#database.prepare('SELECT document FROM objects ORDER BY rowid').all();
      const objects = this.#specs.read(rows.map((row) => String(row['document']))).map(completeObject);
      objects.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
      this.#index.apply(objects.map((after) => ({ before: null, after })));
    } catch (error) {
      this.#database.close();
      throw new StoreError(`read store ${path}: it is damaged`, { cause: error, hint: 'restore it from a copy' });
    }
  }
}
