import type { TunnelEncryption } from '../../model/endpoints.ts';
import type { AssignmentsMessage, WireObject } from '../../rpc/messages.ts';
import { findCluster, readSecrets } from '../authority/cluster-object.ts';
import type { Store } from '../store/store.ts';
import { toDeletedWireObject, toWireObject } from '../store/wire-object.ts';
import { AsyncQueue } from '../streams/async-queue.ts';
import type { AssignmentWakeups } from './assignment-wakeups.ts';
import { changeBetween } from './endpoints/endpoints-changes.ts';
import type { EndpointsIndex } from './endpoints/endpoints-index.ts';
import { assignmentsOf, isNewsToAgent, type Assignment } from './node-assignments.ts';

/** Who follows a stream. */
export interface Receiver {
  readonly nodeId: string;
  /** Whether it takes the difference to endpoints that it has been told of; else it is told of them as a whole. */
  readonly takesChanges: boolean;
}

/** Everything the node has to hold, then every change of it. Commits that come while the agent is busy are told together. */
export async function* streamAssignments(
  store: Store,
  endpoints: EndpointsIndex,
  changed: AssignmentWakeups,
  { nodeId, takesChanges }: Receiver,
  signal: AbortSignal,
): AsyncGenerator<AssignmentsMessage> {
  // One token stands for any number of commits: the state is read when the agent is ready for it.
  const wakeups = new AsyncQueue<true>((values) => values.slice(0, 1)).follow(signal);
  const unfollow = changed.follow(nodeId, () => wakeups.push(true));
  const wanted = (): readonly Assignment[] => assignmentsOf(store.view, nodeId, (network) => endpoints.get(network));
  try {
    const sent = new Map<string, Assignment>();
    let sequence = 1;
    yield { ...nextMessage(store, wanted(), sent, takesChanges), sequence, full: true };
    for await (const _ of wakeups) {
      const message = nextMessage(store, wanted(), sent, takesChanges);
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
  takesChanges: boolean,
): Pick<AssignmentsMessage, 'upserts' | 'removals' | 'storeRevision'> {
  const news: WireObject[] = [];
  for (const object of wanted) {
    const before = sent.get(object.id);
    if (before === object) continue;
    if (before === undefined || isNewsToAgent(before, object))
      news.push((takesChanges ? changeOf(store, before, object) : null) ?? withContent(store, object));
    // Also without news: what it was before is kept in memory by nobody else.
    sent.set(object.id, object);
  }
  const removed = missingIn(wanted, sent);
  for (const { id } of removed) sent.delete(id);
  // Tasks go before the networks and volumes that they used.
  removed.sort((a, b) => Number(b.kind === 'task') - Number(a.kind === 'task'));
  return { upserts: news, removals: removed.map(toDeletedWireObject), storeRevision: store.revision };
}

/** What was sent and is not wanted any more. All that is wanted was sent, so that equal numbers mean that nothing is missing. */
function missingIn(wanted: readonly Assignment[], sent: ReadonlyMap<string, Assignment>): Assignment[] {
  if (sent.size === wanted.length) return [];
  const ids = new Set(wanted.map(({ id }) => id));
  return [...sent.values()].filter(({ id }) => !ids.has(id));
}

/** Of endpoints, of which there may be thousands, what is new to who has heard of them before; null where the whole is as short. */
function changeOf(store: Store, before: Assignment | undefined, object: Assignment): WireObject | null {
  if (before?.kind !== 'endpoints' || object.kind !== 'endpoints') return null;
  const change = changeBetween(before, object);
  if (change === null) return null;
  const { kind, id, version } = change;
  return { kind, id, version, document: JSON.stringify({ ...change, encryption: withKeys(store, change.encryption) }) };
}

/** Only here do the keys of encrypted networks leave the manager. */
function withKeys(store: Store, encryption: TunnelEncryption | null): TunnelEncryption | null {
  if (encryption === null) return null;
  return { ...encryption, keys: findCluster(store.view) ? readSecrets(store).tunnelKeys : [] };
}

/** Only here do the contents of secrets and configs leave the manager. */
function withContent(store: Store, object: Assignment): WireObject {
  if (object.kind === 'endpoints' && object.encryption !== null) {
    const { kind, id, version, encryption } = object;
    return { kind, id, version, document: JSON.stringify({ ...object, encryption: withKeys(store, encryption) }) };
  }
  if (object.kind !== 'secret' && object.kind !== 'config') return toWireObject(object);
  const content = store.payloadContent(object.id)?.toString('base64') ?? null;
  return { ...toWireObject(object), document: JSON.stringify({ ...object, spec: { ...object.spec, content } }) };
}
