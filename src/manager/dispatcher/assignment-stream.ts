import type { AssignmentsMessage, WireObject } from '../../rpc/messages.ts';
import { findCluster, readSecrets } from '../authority/cluster-object.ts';
import type { Store } from '../store/store.ts';
import { toDeletedWireObject, toWireObject } from '../store/wire-object.ts';
import { AsyncQueue } from '../streams/async-queue.ts';
import type { AssignmentWakeups } from './assignment-wakeups.ts';
import type { EndpointsIndex } from './endpoints/endpoints-index.ts';
import { assignmentsOf, isNewsToAgent, type Assignment } from './node-assignments.ts';

/** Everything the node has to hold, then every change of it. Commits that come while the agent is busy are told together. */
export async function* streamAssignments(
  store: Store,
  endpoints: EndpointsIndex,
  changed: AssignmentWakeups,
  nodeId: string,
  signal: AbortSignal,
): AsyncGenerator<AssignmentsMessage> {
  // One token stands for any number of commits: the state is read when the agent is ready for it.
  const wakeups = new AsyncQueue<true>((values) => values.slice(0, 1)).follow(signal);
  const unfollow = changed.follow(nodeId, () => wakeups.push(true));
  const wanted = (): readonly Assignment[] => assignmentsOf(store.view, nodeId, (network) => endpoints.get(network));
  try {
    const sent = new Map<string, Assignment>();
    let sequence = 1;
    yield { ...nextMessage(store, wanted(), sent), sequence, full: true };
    for await (const _ of wakeups) {
      const message = nextMessage(store, wanted(), sent);
      if (message.upserts.length + message.removals.length === 0) continue;
      yield { ...message, sequence: ++sequence, full: false };
    }
  } finally {
    unfollow();
  }
}

/** The difference between what was sent and what is now; notes it as sent. */
function nextMessage(
  store: Store,
  wanted: readonly Assignment[],
  sent: Map<string, Assignment>,
): Pick<AssignmentsMessage, 'upserts' | 'removals' | 'storeRevision'> {
  const news: Assignment[] = [];
  for (const object of wanted) {
    const before = sent.get(object.id);
    if (before === object) continue;
    if (before === undefined || isNewsToAgent(before, object)) news.push(object);
    // Also without news: what it was before is kept in memory by nobody else.
    sent.set(object.id, object);
  }
  const removed = missingIn(wanted, sent);
  for (const { id } of removed) sent.delete(id);
  // Tasks go before the networks and volumes that they used.
  removed.sort((a, b) => Number(b.kind === 'task') - Number(a.kind === 'task'));
  const upserts = news.map((object) => withContent(store, object));
  return { upserts, removals: removed.map(toDeletedWireObject), storeRevision: store.revision };
}

/** What was sent and is not wanted any more. All that is wanted was sent, so that equal numbers mean that nothing is missing. */
function missingIn(wanted: readonly Assignment[], sent: ReadonlyMap<string, Assignment>): Assignment[] {
  if (sent.size === wanted.length) return [];
  const ids = new Set(wanted.map(({ id }) => id));
  return [...sent.values()].filter(({ id }) => !ids.has(id));
}

/** Only here do the contents of secrets and configs, and the keys of encrypted networks, leave the manager. */
function withContent(store: Store, object: Assignment): WireObject {
  if (object.kind === 'endpoints' && object.encryption !== null) {
    const encryption = { ...object.encryption, keys: findCluster(store.view) ? readSecrets(store).tunnelKeys : [] };
    return { ...toWireObject(object), document: JSON.stringify({ ...object, encryption }) };
  }
  if (object.kind !== 'secret' && object.kind !== 'config') return toWireObject(object);
  const content = store.payloadContent(object.id)?.toString('base64') ?? null;
  return { ...toWireObject(object), document: JSON.stringify({ ...object, spec: { ...object.spec, content } }) };
}
