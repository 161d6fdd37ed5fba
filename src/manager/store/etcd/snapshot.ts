import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../../model/errors.ts';
import type { KeyValue } from '../../../rpc/etcd-client.ts';
import type { EtcdEndpoints } from './endpoints.ts';
import { rangeEndOf, type Keys } from './keys.ts';

/** Everything below the store's prefix, as it was at one revision. */
export interface Snapshot {
  readonly revision: number;
  readonly entries: readonly KeyValue[];
}

/** Keys in one answer: documents have some KiB each, contents and staged parts up to 1.5 MiB. */
const pageOfDocuments = 1000;
const pageOfLarge = 16;

/** Time for one page. */
const patienceMs = 5000;

/** Reads the whole store at one revision; begins anew when that revision is forgotten meanwhile. */
export async function readSnapshot(etcd: EtcdEndpoints, keys: Keys): Promise<Snapshot> {
  for (;;) {
    try {
      return await readOnce(etcd, keys);
    } catch (error) {
      if (!isCompacted(error)) throw error;
      await delay(0);
    }
  }
}

async function readOnce(etcd: EtcdEndpoints, keys: Keys): Promise<Snapshot> {
  // The first page decides on the revision of all others.
  const first = await readArea(etcd, keys.head, rangeEndOf(keys.head), 0, 1);
  const { revision } = first;
  const areas = [
    await readArea(etcd, keys.leader, rangeEndOf(keys.leader), revision, 1),
    await readArea(etcd, keys.objects, rangeEndOf(keys.objects), revision, pageOfDocuments),
    await readArea(etcd, keys.contents, rangeEndOf(keys.contents), revision, pageOfLarge),
    await readArea(etcd, keys.staged, rangeEndOf(keys.staged), revision, pageOfLarge),
  ];
  return { revision, entries: [first, ...areas].flatMap(({ entries }) => entries) };
}

async function readArea(
  etcd: EtcdEndpoints,
  key: Buffer,
  rangeEnd: Buffer,
  revision: number,
  limit: number,
): Promise<Snapshot> {
  const entries: KeyValue[] = [];
  let at = revision;
  let from = key;
  for (;;) {
    const request = { key: from, rangeEnd, limit, revision: at };
    const { header, kvs, more } = await etcd.call('read the store', { patienceMs }, (client, options) =>
      client.range(request, options),
    );
    at ||= header?.revision ?? 0;
    entries.push(...kvs);
    const last = kvs.at(-1);
    if (!more || last === undefined) return { revision: at, entries };
    // The next key in order.
    from = Buffer.concat([last.key, Buffer.from([0])]);
  }
}

function isCompacted(error: unknown): boolean {
  return error instanceof TsstackError && error.message.includes('required revision has been compacted');
}
