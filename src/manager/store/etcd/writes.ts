/** What a transaction writes, as requests of etcd and as parts of a transaction that is too large for one. */
import { completeObject } from '../../../model/complete-object.ts';
import type { ModelObject, ObjectKind } from '../../../model/objects.ts';
import type { RequestOp } from '../../../rpc/etcd-client.ts';
import { StoreFullError } from '../errors.ts';
import type { Keys } from './keys.ts';
import { deleteOf, putOf } from './operations.ts';

/** One write, ready to be stored: versions are counted, contents are sealed. */
export type Write =
  | { readonly type: 'put'; readonly object: ModelObject }
  | { readonly type: 'content'; readonly id: string; readonly sealed: Buffer }
  | { readonly type: 'delete'; readonly kind: ObjectKind; readonly id: string };

/** etcd takes 128 operations in a transaction (--max-txn-ops); two are the head and what is swept away with it. */
const maxOperations = 126;

/** etcd takes requests of 1.5 MiB (--max-request-bytes). A part that is one single write may come close to that, others stay well below. */
const maxPartBytes = 1_000_000;
const maxWriteBytes = 1_500_000;

/** Documents are made once: for its size, for staging and for the object itself. */
const documents = new WeakMap<ModelObject, string>();

function documentOf(object: ModelObject): string {
  let document = documents.get(object);
  if (document === undefined) documents.set(object, (document = JSON.stringify(object)));
  return document;
}

/** The writes in parts that etcd takes, in their order; throws when one alone is too large. */
export function splitWrites(writes: readonly Write[]): readonly (readonly Write[])[] {
  const parts: Write[][] = [];
  let operations = maxOperations;
  let bytes = maxPartBytes;
  for (const write of writes) {
    const size = sizeOf(write);
    operations += operationCount(write);
    bytes += size;
    if (operations > maxOperations || bytes > maxPartBytes) {
      parts.push([]);
      operations = operationCount(write);
      bytes = size;
    }
    parts.at(-1)?.push(write);
  }
  return parts;
}

function sizeOf(write: Write): number {
  const size = write.type === 'put' ? Buffer.byteLength(documentOf(write.object)) : contentSize(write);
  if (size <= maxWriteBytes) return size;
  const name = write.type === 'put' ? `${write.object.kind} ${write.object.id}` : `the content of ${write.id}`;
  throw new StoreFullError(`write ${name}: ${size} bytes are more than the ${maxWriteBytes} that etcd takes`);
}

/** Contents count as what they are when they are staged, in base64. */
function contentSize(write: Write): number {
  return write.type === 'content' ? Math.ceil(write.sealed.length / 3) * 4 : 0;
}

function operationCount(write: Write): number {
  return write.type === 'delete' ? 2 : 1;
}

/** What etcd has to do for a write. */
export function operationsOf(keys: Keys, write: Write): readonly RequestOp[] {
  switch (write.type) {
    case 'put':
      return [putOf(keys.object(write.object.kind, write.object.id), Buffer.from(documentOf(write.object)))];
    case 'content':
      return [putOf(keys.content(write.id), write.sealed)];
    case 'delete':
      return [deleteOf(keys.object(write.kind, write.id)), deleteOf(keys.content(write.id))];
  }
}

/** A staged part, in JSON. */
type StagedWrite =
  | ModelObject
  | { readonly content: string; readonly sealed: string }
  | { readonly delete: string; readonly kind: ObjectKind };

export function encodePart(writes: readonly Write[]): Buffer {
  return Buffer.from(`[${writes.map(encodeWrite).join(',')}]`);
}

function encodeWrite(write: Write): string {
  if (write.type === 'put') return documentOf(write.object);
  if (write.type === 'content') return JSON.stringify({ content: write.id, sealed: write.sealed.toString('base64') });
  return JSON.stringify({ delete: write.id, kind: write.kind });
}

export function decodePart(bytes: Buffer): readonly Write[] {
  return (JSON.parse(bytes.toString()) as readonly StagedWrite[]).map((staged): Write => {
    if ('content' in staged)
      return { type: 'content', id: staged.content, sealed: Buffer.from(staged.sealed, 'base64') };
    if ('delete' in staged) return { type: 'delete', id: staged.delete, kind: staged.kind };
    return { type: 'put', object: completeObject(staged) };
  });
}
