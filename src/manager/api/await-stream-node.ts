import { once } from 'node:events';
import { TsstackError } from '../../model/errors.ts';
import type { OpenStream } from '../../rpc/messages.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import type { Session } from '../dispatcher/sessions.ts';
import type { Store } from '../store/store.ts';
import { findStreamNode } from './find-stream-node.ts';

/** A daemon that has just started answers before its agent has joined, which takes a fraction of a second; a lost node is down after 6 s. */
const joinDeadlineMs = 6000;

/**
 * Like findStreamNode, but gives a node that is not connected some time to join, and the scheduler all the time that it needs for a container
 * that is to be joined: the request comes right behind the one that made it.
 */
export async function awaitStreamNode(
  { store, dispatcher }: { readonly store: Store; readonly dispatcher: Dispatcher },
  open: OpenStream,
  signal: AbortSignal,
): Promise<Session> {
  if (open.kind === 'attach') await placed(store, open.taskId, signal);
  const done = new AbortController();
  const limit = AbortSignal.any([signal, done.signal, AbortSignal.timeout(joinDeadlineMs)]);
  try {
    for (;;) {
      // Listened to before the look, so that no join in between is missed.
      const joined = once(dispatcher.joins, 'join', { signal: limit }).then(
        () => true,
        () => false,
      );
      try {
        return findStreamNode(store.view, open, (nodeId) => dispatcher.sessions.ofNode(nodeId));
      } catch (error) {
        const canHelp = error instanceof TsstackError && error.retryable;
        if (!canHelp || !(await joined)) throw error;
      }
    }
  } finally {
    done.abort();
  }
}

/** Resolves when the task has a node, or is gone. */
async function placed(store: Store, taskId: string, signal: AbortSignal): Promise<void> {
  const isPlaced = (): boolean => store.view.get('task', taskId)?.nodeId !== null;
  const changed = Promise.withResolvers<void>();
  const unsubscribe = store.subscribe(() => isPlaced() && changed.resolve());
  const giveUp = (): void => changed.reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    if (!isPlaced()) await changed.promise;
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', giveUp);
  }
}
