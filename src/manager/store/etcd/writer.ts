import type { ModelObject } from '../../../model/objects.ts';
import type { ContentSeal } from '../../authority/content-seal.ts';
import type { Change, ObjectChange } from '../change.ts';
import { StoreConflictError, StoreUnavailableError } from '../errors.ts';
import type { StoreView } from '../object-index.ts';
import type { Transaction } from '../store.ts';
import type { History } from './history.ts';
import type { Changes } from '../../../model/changes.ts';
import type { EtcdState } from './state.ts';
import type { Outcome, Transactions } from './transactions.ts';
import type { Write } from './writes.ts';

export interface WriterOptions {
  readonly state: EtcdState;
  readonly transactions: Transactions;
  readonly history: History;
  readonly seal: ContentSeal;
  readonly now: () => Date;
  /** Notes what the watch brings. */
  readonly progress: Changes;
  /** How long to wait for etcd, in ms. */
  readonly patienceMs: () => number;
  /** Told of each commit when it is in memory. */
  readonly onCommit: (changes: readonly ObjectChange[]) => void;
  /** How often everything was read anew: what happened between is not known one by one. */
  readonly reloads: () => number;
  readonly signal: AbortSignal;
}

/** Makes plans into transactions, one after the other; a plan that somebody else's write has overtaken is made again. */
export class Writer {
  readonly #on: WriterOptions;
  /** Ends when the writes before have ended. */
  #queue: Promise<unknown> = Promise.resolve();
  /** The own transaction that is staged and not in place yet. */
  #staged: { readonly transaction: string; readonly writes: readonly Write[] } | null = null;

  constructor(options: WriterOptions) {
    this.#on = options;
  }

  update<Result>(plan: (view: StoreView) => Transaction<Result>): Promise<Result> {
    const turn = this.#queue.then(() => this.#update(plan));
    this.#queue = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Resolves when every write is over that has been asked for until now. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  async #update<Result>(plan: (view: StoreView) => Transaction<Result>): Promise<Result> {
    const { state } = this.#on;
    for (;;) {
      while (state.head.parts > 0) await this.#finishStaged();
      const { changes, result } = plan(state.index);
      if (changes.length === 0) return result;
      if (await this.#commit(this.#writesOf(changes))) return result;
    }
  }

  /** False when the plan has to be made again. */
  async #commit(writes: readonly Write[]): Promise<boolean> {
    const { transactions, state } = this.#on;
    const reloadsBefore = this.#on.reloads();
    const outcome = await transactions.commit(writes, this.#on.patienceMs());
    if (outcome.type === 'overtaken') return this.#wasCommitted(outcome, reloadsBefore);
    // The watch may have been faster.
    if (state.head.revision >= outcome.head.revision) return true;
    if (outcome.head.parts > 0) this.#staged = { transaction: outcome.head.transaction, writes };
    state.advance(outcome.head);
    this.#on.history.note(outcome.head.revision);
    this.#on.onCommit(state.commit(writes));
    return true;
  }

  /** An attempt without an answer may have been committed before somebody else wrote. */
  async #wasCommitted(
    { transaction, revision }: Outcome & { type: 'overtaken' },
    reloadsBefore: number,
  ): Promise<boolean> {
    await this.#catchUp(revision);
    if (this.#on.state.hasSeen(transaction)) return true;
    if (this.#on.reloads() === reloadsBefore) return false;
    throw new StoreUnavailableError('write the store: it is not known whether that was written');
  }

  /** Waits until what somebody else wrote is in memory. */
  async #catchUp(revision: number): Promise<void> {
    const { progress, state, signal } = this.#on;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1000, this.#on.patienceMs()))]);
    if (await progress.until(() => state.head.revision >= revision, limit)) return;
    throw new StoreUnavailableError('write the store: others have written what this manager does not see yet');
  }

  async #finishStaged(): Promise<void> {
    const { state, transactions } = this.#on;
    const own = this.#staged?.transaction === state.head.transaction ? this.#staged.writes : undefined;
    this.#staged = null;
    const outcome = await transactions.finish(own ?? state.stagedWrites(), this.#on.patienceMs());
    if (outcome.type === 'overtaken') return this.#catchUp(outcome.revision);
    if (state.head.revision < outcome.head.revision) state.advance(outcome.head);
  }

  /** Checks versions as all backends do, counts them, and seals contents. */
  #writesOf(changes: readonly Change[]): readonly Write[] {
    const updatedAt = this.#on.now().toISOString();
    return changes.flatMap((change): readonly Write[] => {
      const { kind, id, version } = change.object;
      const found = this.#on.state.index.get(kind, id)?.version ?? 0;
      if (found !== version) throw new StoreConflictError(kind, id, version, found);
      if (change.type === 'delete') return [{ type: 'delete', kind, id }];
      const object: ModelObject = { ...change.object, version: version + 1, updatedAt };
      if (change.content === undefined) return [{ type: 'put', object }];
      return [
        { type: 'put', object },
        { type: 'content', id, sealed: this.#on.seal.seal(change.content, id) },
      ];
    });
  }
}
