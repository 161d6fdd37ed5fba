/** Parts of etcd's transactions. */
import type { Compare, RequestOp } from '../../../rpc/etcd-client.ts';
import { rangeEndOf } from './keys.ts';

const nothing = Buffer.alloc(0);

/** Numbers of Compare.result and Compare.target. */
const equal = 0;
const createRevision = 1;
const modRevision = 2;

export function putOf(key: Buffer, value: Buffer, lease = 0): RequestOp {
  return { request: 'requestPut', requestPut: { key, value, lease } };
}

export function getOf(key: Buffer): RequestOp {
  return { request: 'requestRange', requestRange: { key, rangeEnd: nothing, limit: 0, revision: 0 } };
}

export function deleteOf(key: Buffer): RequestOp {
  return { request: 'requestDeleteRange', requestDeleteRange: { key, rangeEnd: nothing } };
}

export function deleteAllOf(prefix: Buffer): RequestOp {
  return { request: 'requestDeleteRange', requestDeleteRange: { key: prefix, rangeEnd: rangeEndOf(prefix) } };
}

/** Holds while the key is the one that was created at that revision; 0 = while there is none. */
export function createdAt(key: Buffer, revision: number): Compare {
  return { result: equal, target: createRevision, key, createRevision: revision, modRevision: null };
}

/** Holds while the key was last written at that revision. */
export function unchangedSince(key: Buffer, revision: number): Compare {
  return { result: equal, target: modRevision, key, createRevision: null, modRevision: revision };
}
