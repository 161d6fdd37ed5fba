import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../model/errors.ts';
import { subjectOf, type ObjectChange } from '../store/change.ts';
import type { EtcdMembers } from '../store/etcd/members.ts';
import type { Committed, Store } from '../store/store.ts';
import { isUnsettled, planMembers, type MemberStep } from './plan-members.ts';

/** Pause while a newcomer catches up, of which etcd does not tell, and after a step that was refused; it grows up to the second one. */
const firstPauseMs = 200;
const longestPauseMs = 5000;

/** Loop of the leader: each manager has a member of the managed etcd, and nobody else has. */
export class MemberKeeper {
  readonly #store: Store;
  readonly #members: EtcdMembers;
  readonly #onError: (error: unknown) => void;
  readonly #over = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;
  /** Aborted when a manager came or went. */
  #news = new AbortController();
  #lastProblem = '';

  constructor(store: Store, members: EtcdMembers, onError: (error: unknown) => void) {
    this.#store = store;
    this.#members = members;
    this.#onError = onError;
  }

  run(): void {
    this.#unsubscribe = this.#store.subscribe((committed) => this.#follow(committed));
    this.#running = this.#run(this.#over.signal);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#over.abort();
    await this.#running;
  }

  #follow({ changes }: Committed): void {
    if (changes.some(concernsManagers)) this.#news.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      // Before the look, so that no change in between is missed.
      this.#news = new AbortController();
      const { signal: news } = this.#news;
      const isDone = await this.#settle();
      const scope = AbortSignal.any([signal, news]);
      await delay(isDone ? longestTimerMs : pauseMs, undefined, { signal: scope }).catch(() => undefined);
      if (news.aborted || isDone) pauseMs = firstPauseMs / 2;
    }
  }

  /** Takes the steps that can be taken now; false when some are left. */
  async #settle(): Promise<boolean> {
    try {
      for (const step of planMembers(this.#store.view.all('node'), await this.#members.list())) await this.#take(step);
      const members = await this.#members.list();
      const isDone = planMembers(this.#store.view.all('node'), members).length === 0 && !isUnsettled(members);
      if (isDone) this.#lastProblem = '';
      return isDone;
    } catch (error) {
      this.#note(error);
      return false;
    }
  }

  async #take(step: MemberStep): Promise<void> {
    if (step.type === 'remove') return this.#members.remove(step.member);
    if (step.type === 'move') return this.#members.move(step.member, step.url);
    if (step.type === 'add') return this.#members.add(step.url);
    try {
      await this.#members.promote(step.member);
    } catch (error) {
      // It has not caught up yet.
      if (!(error instanceof TsstackError) || error.code !== 'conflict') throw error;
    }
  }

  /** The same problem again and again is told once. */
  #note(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== this.#lastProblem && !this.#over.signal.aborted) this.#onError(error);
    this.#lastProblem = problem;
  }
}

/** Timers of Node go no further than 24.8 days; who is early looks, and waits on. */
const longestTimerMs = 86_400_000;

function concernsManagers(change: ObjectChange): boolean {
  const addressOf = (state: ObjectChange['after']): string => (state?.kind === 'node' ? state.managerAddress : '');
  return subjectOf(change).kind === 'node' && addressOf(change.before) !== addressOf(change.after);
}
