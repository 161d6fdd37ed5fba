import type { WatchResponse } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { TsstackError } from '../../model/errors.ts';
import { ObjectView } from './object-view.ts';

/** Whether what is there is enough; a number: maybe after so many milliseconds, though nothing may change until then. */
type Answer = boolean | number;

/**
 * Watches a stack until `isEnough` says so, which is asked with everything that was there at the beginning and after each change.
 * It is called after the call that changes something has been answered: what the daemon then shows already has that change in it.
 */
export async function followObjects(
  control: ControlClient,
  query: { readonly stack: string; readonly kinds: readonly string[] },
  signal: AbortSignal | undefined,
  isEnough: (view: ObjectView) => Answer,
): Promise<ObjectView> {
  const view = new ObjectView();
  const over = new AbortController();
  const watch = control.watch(query, {
    signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
  });
  const responses = watch[Symbol.asyncIterator]();
  try {
    for (let answer: Answer = false, next = responses.next(); ;) {
      const response = await orAfter(answer, next);
      if (response?.done === true) break;
      if (response !== null) {
        view.apply(response.value);
        next = responses.next();
        // One that is still awaited at the end has no reader.
        next.catch(() => undefined);
      }
      answer = view.isComplete && isEnough(view);
      if (answer === true) return view;
    }
  } finally {
    over.abort();
  }
  throw new TsstackError('unavailable', `watch stack ${query.stack}: the daemon ended the watch`, {
    hint: 'run the command again: it goes on where this one stopped',
    retryable: true,
  });
}

/** The next response, or null when the time of the answer has passed before it came. */
async function orAfter(
  answer: Answer,
  next: Promise<IteratorResult<WatchResponse>>,
): Promise<IteratorResult<WatchResponse> | null> {
  if (typeof answer === 'boolean') return next;
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), answer);
  try {
    return await Promise.race([next, promise]);
  } finally {
    clearTimeout(timer);
  }
}
