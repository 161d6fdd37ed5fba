import { once } from 'node:events';
import { TsstackError } from '../../model/errors.ts';
import type { OpenStream } from '../../rpc/messages.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import type { Session } from '../dispatcher/sessions.ts';
import type { Store } from '../store/store.ts';
import { findStreamNode } from './find-stream-node.ts';

/** A daemon that has just started answers before its agent has joined, which takes a fraction of a second; a lost node is down after 6 s. */
const joinDeadlineMs = 6000;

/** Like findStreamNode, but gives a node that is not connected some time to join. */
export async function awaitStreamNode(
  { store, dispatcher }: { readonly store: Store; readonly dispatcher: Dispatcher },
  open: OpenStream,
  signal: AbortSignal,
): Promise<Session> {
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
