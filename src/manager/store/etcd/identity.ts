import { newId } from '../../../model/ids.ts';
import type { ContentSeal } from '../../authority/content-seal.ts';
import { StoreError } from '../errors.ts';
import type { EtcdEndpoints } from './endpoints.ts';
import type { Keys } from './keys.ts';
import { createdAt, putOf } from './operations.ts';

/** Grows with each change of what lies where. */
const format = 1;

const patienceMs = 5000;

/** Made with the store; never changes. */
export interface StoreIdentity {
  readonly clusterId: string;
  readonly epoch: number;
}

interface Meta extends StoreIdentity {
  readonly format: number;
  /** Tells whether contents were sealed with the key that this manager has. */
  readonly seal: string;
}

/** The identity of the store below those keys, which is made when there is none, `offered` if that is given. */
export async function readIdentity(
  etcd: EtcdEndpoints,
  keys: Keys,
  seal: ContentSeal,
  offered: StoreIdentity | null,
): Promise<StoreIdentity> {
  const found = await readMeta(etcd, keys);
  return found === null
    ? make(etcd, keys, seal, offered ?? { clusterId: newId(), epoch: Date.now() })
    : check(found, seal);
}

/** Looks first and makes then: an etcd that is full can still be read. */
async function readMeta(etcd: EtcdEndpoints, keys: Keys): Promise<Meta | null> {
  const request = { key: keys.meta, rangeEnd: Buffer.alloc(0) };
  const { kvs } = await etcd.call('open the store', { patienceMs }, (client, options) =>
    client.range(request, options),
  );
  return kvs[0] === undefined ? null : (JSON.parse(kvs[0].value.toString()) as Meta);
}

async function make(
  etcd: EtcdEndpoints,
  keys: Keys,
  seal: ContentSeal,
  identity: StoreIdentity,
): Promise<StoreIdentity> {
  const meta: Meta = { format, ...identity, seal: fingerprintOf(seal, identity) };
  const head = { transaction: 'made', parts: 0 };
  const success = [
    putOf(keys.meta, Buffer.from(JSON.stringify(meta))),
    putOf(keys.head, Buffer.from(JSON.stringify(head))),
  ];
  const request = { compare: [createdAt(keys.meta, 0)], success, failure: [] };
  await etcd.call('make the store', { patienceMs }, (client, options) => client.txn(request, options));
  // Another manager may have been faster.
  const found = await readMeta(etcd, keys);
  if (found === null) throw new StoreError('make the store: it is gone again');
  return check(found, seal);
}

function check(meta: Meta, seal: ContentSeal): StoreIdentity {
  if (meta.format !== format) {
    throw new StoreError(`open the store: it has format ${meta.format}, this version knows ${format}`, {
      hint: 'use the tsstack version that wrote it',
    });
  }
  if (meta.seal !== fingerprintOf(seal, meta)) {
    throw new StoreError('open the store: its secrets were sealed with another key', {
      hint: 'copy manager/seal.key below the data root from a manager of this cluster',
    });
  }
  return { clusterId: meta.clusterId, epoch: meta.epoch };
}

function fingerprintOf(seal: ContentSeal, { clusterId }: StoreIdentity): string {
  return seal.digest(Buffer.from(clusterId));
}
