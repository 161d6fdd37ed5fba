import { TsstackError } from '../../model/errors.ts';
import type { ObjectKind } from '../../model/objects.ts';
import type { ListObjectsRequest, WatchResponse, WireObject } from '../../rpc/messages.ts';
import { subjectOf, type ObjectChange } from '../store/change.ts';
import { stackOf, type StoreView } from '../store/object-index.ts';
import type { Store } from '../store/store.ts';
import { toDeletedWireObject, toWireObject } from '../store/wire-object.ts';
import { AsyncQueue } from '../streams/async-queue.ts';

/** In this order, so that what others refer to comes first. */
const kinds: readonly ObjectKind[] = [
  'cluster',
  'node',
  'stack',
  'service',
  'network',
  'volume',
  'secret',
  'config',
  'image',
  'task',
];

/** Objects in one message: far below the limit of 16 MiB with documents of a few KiB. */
const maxPerMessage = 500;

/** Messages that may wait for a slow watcher; beyond, only the last state of each object is kept. */
const maxBacklog = 1000;

/** Characters in one answer: far below the limit of a message, 16 MiB, of what is not ASCII, too. */
const maxPerAnswer = 4 * 1024 * 1024;

/** Objects of a stack, or of all, of the asked kinds; an error of code `exhausted` where only a watch can tell so many. */
export function listObjects(view: StoreView, request: ListObjectsRequest): readonly WireObject[] {
  const objects = objectsOf(view, request);
  const size = objects.reduce((sum, { document }) => sum + document.length, 0);
  if (size <= maxPerAnswer) return objects;
  throw new TsstackError('exhausted', `list objects: ${objects.length} of them are too many for one answer`, {
    hint: 'watch them: what is there comes first, in several messages',
  });
}

function objectsOf(view: StoreView, request: ListObjectsRequest): readonly WireObject[] {
  return kinds
    .filter((kind) => request.kinds.length === 0 || request.kinds.includes(kind))
    .flatMap((kind) => (isOfAnyStack(kind, request) ? view.all(kind) : view.ofStack(kind, request.stack)))
    .map(toWireObject);
}

/** One line on how old the view is; empty when it is the latest. */
export function describeStaleness({ staleness }: Store): string {
  return staleness === null ? '' : `as of ${staleness.since.toISOString()}: ${staleness.reason}`;
}

/** The objects as they are, then `synced`, then every change; of one that takes several messages the last one is `synced`. */
export async function* watchObjects(
  store: Store,
  request: ListObjectsRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const queue = new AsyncQueue<readonly WireObject[]>(shorten).follow(signal);
  // Subscribed in the turn in which the list is made: nothing comes between.
  const unsubscribe = store.subscribe(({ changes }) => {
    const news = changes.filter((change) => isAskedFor(change, request)).map(toNews);
    if (news.length > 0) queue.push(news);
  });
  try {
    const objects = objectsOf(store.view, request);
    const stale = describeStaleness(store);
    for (const part of inMessages(objects)) yield { objects: part, synced: false, stale };
    yield { objects: [], synced: true, stale };
    for await (const news of queue) {
      const parts = inMessages(news);
      for (const [index, part] of parts.entries())
        yield { objects: part, synced: index === parts.length - 1, stale: '' };
    }
  } finally {
    unsubscribe();
  }
}

/** Nodes belong to no stack: who names them gets them beside a stack's own. */
function isOfAnyStack(kind: ObjectKind, { stack, kinds: asked }: ListObjectsRequest): boolean {
  return stack === '' || (kind === 'node' && asked.includes('node'));
}

function isAskedFor(change: ObjectChange, request: ListObjectsRequest): boolean {
  const object = subjectOf(change);
  if (request.kinds.length > 0 && !request.kinds.includes(object.kind)) return false;
  if (isOfAnyStack(object.kind, request)) return true;
  // A volume that outlives its stack leaves it by a change of its owner.
  return [change.before, change.after].some((state) => state !== null && stackOf(state) === request.stack);
}

function toNews({ before, after }: ObjectChange): WireObject {
  return after === null ? toDeletedWireObject(subjectOf({ before, after })) : toWireObject(after);
}

function shorten(backlog: (readonly WireObject[])[]): (readonly WireObject[])[] {
  if (backlog.length <= maxBacklog) return backlog;
  const latest = new Map(backlog.flat().map((object) => [object.id, object]));
  return inMessages([...latest.values()]);
}

function inMessages(objects: readonly WireObject[]): (readonly WireObject[])[] {
  const messages: (readonly WireObject[])[] = [];
  for (let start = 0; start < objects.length; start += maxPerMessage)
    messages.push(objects.slice(start, start + maxPerMessage));
  return messages;
}
