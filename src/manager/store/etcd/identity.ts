import { newId } from '../../../model/ids.ts';
import type { ContentSeal } from '../../authority/content-seal.ts';
import type { KeyValue } from '../../../rpc/etcd-client.ts';
import { StoreError } from '../errors.ts';
import type { StoreIdentity } from '../identity.ts';
import type { EtcdEndpoints } from './endpoints.ts';
import type { Keys } from './keys.ts';
import { createdAt, deleteAllOf, putOf, unchangedSince } from './operations.ts';

/** Grows with each change of what lies where. */
const format = 1;

const patienceMs = 5000;

interface Meta extends Omit<StoreIdentity, 'revision'> {
  /** Those that earlier versions made have none. */
  readonly revision?: number;
  readonly format: number;
  /** Tells whether contents were sealed with the key that this manager has. */
  readonly seal: string;
  /** The store was moved away from here: what is left is out of date. */
  readonly isRetired?: boolean;
}

/** The identity of the store below those keys, which is made when there is none, `offered` if that is given. */
export async function readIdentity(
  etcd: EtcdEndpoints,
  keys: Keys,
  seal: ContentSeal,
  offered: StoreIdentity | null,
): Promise<StoreIdentity> {
  const found = await readMeta(etcd, keys);
  const isThere = found !== null && (parse(found).isRetired !== true || offered === null);
  if (!isThere) await make(etcd, keys, seal, { identity: offered ?? newIdentity(), over: found?.modRevision ?? 0 });
  const meta = isThere ? found : await readMeta(etcd, keys);
  if (meta === null) throw new StoreError('make the store: a manager of another cluster uses it');
  return check(parse(meta), seal);
}

/** What a store that was moved away says from then on to whoever opens it. */
export async function retireStore(etcd: EtcdEndpoints, keys: Keys): Promise<void> {
  const found = await readMeta(etcd, keys);
  if (found === null) return;
  const value = Buffer.from(JSON.stringify({ ...parse(found), isRetired: true }));
  const compare = [createdAt(keys.leader, 0), unchangedSince(keys.meta, found.modRevision)];
  const request = { compare, success: [putOf(keys.meta, value)], failure: [] };
  await etcd.call('retire the store', { patienceMs }, (client, options) => client.txn(request, options));
}

function newIdentity(): StoreIdentity {
  return { clusterId: newId(), epoch: Date.now(), revision: 0 };
}

function parse({ value }: KeyValue): Meta {
  return JSON.parse(value.toString()) as Meta;
}

/** Looks first and makes then: an etcd that is full can still be read. */
async function readMeta(etcd: EtcdEndpoints, keys: Keys): Promise<KeyValue | null> {
  const request = { key: keys.meta, rangeEnd: Buffer.alloc(0) };
  const { kvs } = await etcd.call('open the store', { patienceMs }, (client, options) =>
    client.range(request, options),
  );
  return kvs[0] ?? null;
}

/** Another manager may be faster, whose store then counts. A retired store that comes back begins with everything of it going. */
async function make(
  etcd: EtcdEndpoints,
  keys: Keys,
  seal: ContentSeal,
  { identity, over }: { readonly identity: StoreIdentity; readonly over: number },
): Promise<void> {
  const meta: Meta = { format, ...identity, seal: fingerprintOf(seal, identity) };
  const head = { transaction: 'made', parts: 0 };
  const success = [
    ...[keys.objects, keys.contents, keys.staged].map(deleteAllOf),
    putOf(keys.meta, Buffer.from(JSON.stringify(meta))),
    putOf(keys.head, Buffer.from(JSON.stringify(head))),
  ];
  const request = { compare: [createdAt(keys.leader, 0), unchangedSince(keys.meta, over)], success, failure: [] };
  await etcd.call('make the store', { patienceMs }, (client, options) => client.txn(request, options));
}

function check(meta: Meta, seal: ContentSeal): StoreIdentity {
  if (meta.format !== format) {
    throw new StoreError(`open the store: it has format ${meta.format}, this version knows ${format}`, {
      hint: 'use the tsstack version that wrote it',
    });
  }
  if (meta.isRetired === true) {
    throw new StoreError('open the store: it was moved away from this etcd', {
      hint: 'join the cluster again at the manager that has it now',
    });
  }
  if (meta.seal !== fingerprintOf(seal, meta)) {
    throw new StoreError('open the store: its secrets were sealed with another key', {
      hint: 'copy manager/seal.key below the data root from a manager of this cluster',
    });
  }
  const { clusterId, epoch, revision = 0 } = meta;
  return { clusterId, epoch, revision };
}

function fingerprintOf(seal: ContentSeal, { clusterId }: Pick<StoreIdentity, 'clusterId'>): string {
  return seal.digest(Buffer.from(clusterId));
}
