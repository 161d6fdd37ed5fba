import type { ControlClient } from '../../rpc/service-types.ts';
import { TsstackError } from '../../model/errors.ts';
import { ObjectView } from './object-view.ts';

/**
 * Watches a stack until `isEnough` says so, which is asked with everything that was there at the beginning and after each change.
 * It is called after the call that changes something has been answered: what the daemon then shows already has that change in it.
 */
export async function followObjects(
  control: ControlClient,
  query: { readonly stack: string; readonly kinds: readonly string[] },
  signal: AbortSignal | undefined,
  isEnough: (view: ObjectView) => boolean,
): Promise<ObjectView> {
  const view = new ObjectView();
  for await (const response of control.watch(query, signal === undefined ? {} : { signal })) {
    view.apply(response);
    if (view.isComplete && isEnough(view)) return view;
  }
  throw new TsstackError('unavailable', `watch stack ${query.stack}: the daemon ended the watch`, {
    hint: 'run the command again: it goes on where this one stopped',
    retryable: true,
  });
}
