// Generated from proto/ by tools/generate-proto.ts: do not edit.
import type { MessageFields } from '../wire/field.ts';
import type { MethodTable } from '../wire/method.ts';

export interface ResponseHeader {
  /** Of the whole key space, when the request was served. */
  readonly revision: number;
}

export interface KeyValue {
  readonly key: Buffer;
  /** Revision of the last creation and of the last change. */
  readonly createRevision: number;
  readonly modRevision: number;
  readonly value: Buffer;
}

export interface RangeRequest {
  readonly key: Buffer;
  /** Exclusive; empty = only `key`. */
  readonly rangeEnd: Buffer;
  readonly limit: number;
  /** As it was then; 0 = now. */
  readonly revision: number;
}

export interface RangeResponse {
  readonly header: ResponseHeader | null;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

export interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  /** The key goes with this lease; 0 = it stays. */
  readonly lease: number;
}

export interface PutResponse {}

export interface DeleteRangeRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
}

export interface DeleteRangeResponse {}

export type RequestOp =
  | { readonly request: 'requestRange'; readonly requestRange: RangeRequest }
  | { readonly request: 'requestPut'; readonly requestPut: PutRequest }
  | { readonly request: 'requestDeleteRange'; readonly requestDeleteRange: DeleteRangeRequest };

export type ResponseOp =
  | { readonly response: 'responseRange'; readonly responseRange: RangeResponse }
  | { readonly response: 'responsePut'; readonly responsePut: PutResponse }
  | { readonly response: 'responseDeleteRange'; readonly responseDeleteRange: DeleteRangeResponse };

export interface Compare {
  /** 0 = equal, 1 = greater, 2 = less, 3 = not equal. */
  readonly result: number;
  /** 1 = create_revision, 2 = mod_revision. */
  readonly target: number;
  readonly key: Buffer;
  readonly createRevision: number | null;
  readonly modRevision: number | null;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: ResponseHeader | null;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface CompactionRequest {
  readonly revision: number;
}

export interface CompactionResponse {}

export type WatchRequest = { readonly requestUnion: 'createRequest'; readonly createRequest: WatchCreateRequest };

export interface WatchCreateRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly startRevision: number;
  /** Send responses without events now and then. */
  readonly progressNotify: boolean;
  /** Large responses may come in parts. */
  readonly fragment: boolean;
}

export interface WatchResponse {
  readonly header: ResponseHeader | null;
  readonly created: boolean;
  readonly canceled: boolean;
  /** The watch asked for a revision before this one, which is forgotten. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** More of the same revision comes. */
  readonly fragment: boolean;
  readonly events: readonly Event[];
}

export interface Event {
  /** 0 = put, 1 = delete. */
  readonly type: number;
  /** Of a deletion only key and mod_revision. */
  readonly kv: KeyValue | null;
}

export interface LeaseGrantRequest {
  /** Seconds. */
  readonly ttl: number;
  readonly id: number;
}

export interface LeaseGrantResponse {
  /** As granted: etcd has a least one, by its election timeout. */
  readonly ttl: number;
}

export interface LeaseRevokeRequest {
  readonly id: number;
}

export interface LeaseRevokeResponse {}

export interface LeaseKeepAliveRequest {
  readonly id: number;
}

export interface LeaseKeepAliveResponse {
  /** 0 = the lease is gone. */
  readonly ttl: number;
}

export interface Member {
  readonly id: string;
  /** Empty until it has been started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  /** Follows, and does not count for majorities. */
  readonly isLearner: boolean;
}

export interface MemberAddRequest {
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberAddResponse {
  readonly member: Member | null;
}

export interface MemberRemoveRequest {
  readonly id: string;
}

export interface MemberRemoveResponse {}

export interface MemberUpdateRequest {
  readonly id: string;
  readonly peerUrls: readonly string[];
}

export interface MemberUpdateResponse {}

export interface MemberListRequest {}

export interface MemberListResponse {
  readonly members: readonly Member[];
}

export interface MemberPromoteRequest {
  readonly id: string;
}

export interface MemberPromoteResponse {}

export interface StatusRequest {}

export interface StatusResponse {
  /** Bytes of the file. */
  readonly dbSize: number;
  /** Id of the member that leads; empty = none. */
  readonly leader: string;
}

/** Message types by their name in proto/. */
export interface Messages {
  readonly ResponseHeader: ResponseHeader;
  readonly KeyValue: KeyValue;
  readonly RangeRequest: RangeRequest;
  readonly RangeResponse: RangeResponse;
  readonly PutRequest: PutRequest;
  readonly PutResponse: PutResponse;
  readonly DeleteRangeRequest: DeleteRangeRequest;
  readonly DeleteRangeResponse: DeleteRangeResponse;
  readonly RequestOp: RequestOp;
  readonly ResponseOp: ResponseOp;
  readonly Compare: Compare;
  readonly TxnRequest: TxnRequest;
  readonly TxnResponse: TxnResponse;
  readonly CompactionRequest: CompactionRequest;
  readonly CompactionResponse: CompactionResponse;
  readonly WatchRequest: WatchRequest;
  readonly WatchCreateRequest: WatchCreateRequest;
  readonly WatchResponse: WatchResponse;
  readonly Event: Event;
  readonly LeaseGrantRequest: LeaseGrantRequest;
  readonly LeaseGrantResponse: LeaseGrantResponse;
  readonly LeaseRevokeRequest: LeaseRevokeRequest;
  readonly LeaseRevokeResponse: LeaseRevokeResponse;
  readonly LeaseKeepAliveRequest: LeaseKeepAliveRequest;
  readonly LeaseKeepAliveResponse: LeaseKeepAliveResponse;
  readonly Member: Member;
  readonly MemberAddRequest: MemberAddRequest;
  readonly MemberAddResponse: MemberAddResponse;
  readonly MemberRemoveRequest: MemberRemoveRequest;
  readonly MemberRemoveResponse: MemberRemoveResponse;
  readonly MemberUpdateRequest: MemberUpdateRequest;
  readonly MemberUpdateResponse: MemberUpdateResponse;
  readonly MemberListRequest: MemberListRequest;
  readonly MemberListResponse: MemberListResponse;
  readonly MemberPromoteRequest: MemberPromoteRequest;
  readonly MemberPromoteResponse: MemberPromoteResponse;
  readonly StatusRequest: StatusRequest;
  readonly StatusResponse: StatusResponse;
}

/** What the wire codec needs to know of each message. */
export const messageFields: Readonly<Record<keyof Messages, MessageFields>> = {
  ResponseHeader: [{ number: 3, name: 'revision', type: 'int64', kind: 'single', oneof: null }],
  KeyValue: [
    { number: 1, name: 'key', type: 'bytes', kind: 'single', oneof: null },
    { number: 2, name: 'createRevision', type: 'int64', kind: 'single', oneof: null },
    { number: 3, name: 'modRevision', type: 'int64', kind: 'single', oneof: null },
    { number: 5, name: 'value', type: 'bytes', kind: 'single', oneof: null },
  ],
  RangeRequest: [
    { number: 1, name: 'key', type: 'bytes', kind: 'single', oneof: null },
    { number: 2, name: 'rangeEnd', type: 'bytes', kind: 'single', oneof: null },
    { number: 3, name: 'limit', type: 'int64', kind: 'single', oneof: null },
    { number: 4, name: 'revision', type: 'int64', kind: 'single', oneof: null },
  ],
  RangeResponse: [
    { number: 1, name: 'header', type: 'ResponseHeader', kind: 'single', oneof: null },
    { number: 2, name: 'kvs', type: 'KeyValue', kind: 'repeated', oneof: null },
    { number: 3, name: 'more', type: 'bool', kind: 'single', oneof: null },
  ],
  PutRequest: [
    { number: 1, name: 'key', type: 'bytes', kind: 'single', oneof: null },
    { number: 2, name: 'value', type: 'bytes', kind: 'single', oneof: null },
    { number: 3, name: 'lease', type: 'int64', kind: 'single', oneof: null },
  ],
  PutResponse: [],
  DeleteRangeRequest: [
    { number: 1, name: 'key', type: 'bytes', kind: 'single', oneof: null },
    { number: 2, name: 'rangeEnd', type: 'bytes', kind: 'single', oneof: null },
  ],
  DeleteRangeResponse: [],
  RequestOp: [
    { number: 1, name: 'requestRange', type: 'RangeRequest', kind: 'single', oneof: 'request' },
    { number: 2, name: 'requestPut', type: 'PutRequest', kind: 'single', oneof: 'request' },
    { number: 3, name: 'requestDeleteRange', type: 'DeleteRangeRequest', kind: 'single', oneof: 'request' },
  ],
  ResponseOp: [
    { number: 1, name: 'responseRange', type: 'RangeResponse', kind: 'single', oneof: 'response' },
    { number: 2, name: 'responsePut', type: 'PutResponse', kind: 'single', oneof: 'response' },
    { number: 3, name: 'responseDeleteRange', type: 'DeleteRangeResponse', kind: 'single', oneof: 'response' },
  ],
  Compare: [
    { number: 1, name: 'result', type: 'int32', kind: 'single', oneof: null },
    { number: 2, name: 'target', type: 'int32', kind: 'single', oneof: null },
    { number: 3, name: 'key', type: 'bytes', kind: 'single', oneof: null },
    { number: 5, name: 'createRevision', type: 'int64', kind: 'optional', oneof: null },
    { number: 6, name: 'modRevision', type: 'int64', kind: 'optional', oneof: null },
  ],
  TxnRequest: [
    { number: 1, name: 'compare', type: 'Compare', kind: 'repeated', oneof: null },
    { number: 2, name: 'success', type: 'RequestOp', kind: 'repeated', oneof: null },
    { number: 3, name: 'failure', type: 'RequestOp', kind: 'repeated', oneof: null },
  ],
  TxnResponse: [
    { number: 1, name: 'header', type: 'ResponseHeader', kind: 'single', oneof: null },
    { number: 2, name: 'succeeded', type: 'bool', kind: 'single', oneof: null },
    { number: 3, name: 'responses', type: 'ResponseOp', kind: 'repeated', oneof: null },
  ],
  CompactionRequest: [{ number: 1, name: 'revision', type: 'int64', kind: 'single', oneof: null }],
  CompactionResponse: [],
  WatchRequest: [
    { number: 1, name: 'createRequest', type: 'WatchCreateRequest', kind: 'single', oneof: 'requestUnion' },
  ],
  WatchCreateRequest: [
    { number: 1, name: 'key', type: 'bytes', kind: 'single', oneof: null },
    { number: 2, name: 'rangeEnd', type: 'bytes', kind: 'single', oneof: null },
    { number: 3, name: 'startRevision', type: 'int64', kind: 'single', oneof: null },
    { number: 4, name: 'progressNotify', type: 'bool', kind: 'single', oneof: null },
    { number: 8, name: 'fragment', type: 'bool', kind: 'single', oneof: null },
  ],
  WatchResponse: [
    { number: 1, name: 'header', type: 'ResponseHeader', kind: 'single', oneof: null },
    { number: 3, name: 'created', type: 'bool', kind: 'single', oneof: null },
    { number: 4, name: 'canceled', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'compactRevision', type: 'int64', kind: 'single', oneof: null },
    { number: 6, name: 'cancelReason', type: 'string', kind: 'single', oneof: null },
    { number: 7, name: 'fragment', type: 'bool', kind: 'single', oneof: null },
    { number: 11, name: 'events', type: 'Event', kind: 'repeated', oneof: null },
  ],
  Event: [
    { number: 1, name: 'type', type: 'int32', kind: 'single', oneof: null },
    { number: 2, name: 'kv', type: 'KeyValue', kind: 'single', oneof: null },
  ],
  LeaseGrantRequest: [
    { number: 1, name: 'ttl', type: 'int64', kind: 'single', oneof: null },
    { number: 2, name: 'id', type: 'int64', kind: 'single', oneof: null },
  ],
  LeaseGrantResponse: [{ number: 3, name: 'ttl', type: 'int64', kind: 'single', oneof: null }],
  LeaseRevokeRequest: [{ number: 1, name: 'id', type: 'int64', kind: 'single', oneof: null }],
  LeaseRevokeResponse: [],
  LeaseKeepAliveRequest: [{ number: 1, name: 'id', type: 'int64', kind: 'single', oneof: null }],
  LeaseKeepAliveResponse: [{ number: 3, name: 'ttl', type: 'int64', kind: 'single', oneof: null }],
  Member: [
    { number: 1, name: 'id', type: 'uint64text', kind: 'single', oneof: null },
    { number: 2, name: 'name', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'peerUrls', type: 'string', kind: 'repeated', oneof: null },
    { number: 5, name: 'isLearner', type: 'bool', kind: 'single', oneof: null },
  ],
  MemberAddRequest: [
    { number: 1, name: 'peerUrls', type: 'string', kind: 'repeated', oneof: null },
    { number: 2, name: 'isLearner', type: 'bool', kind: 'single', oneof: null },
  ],
  MemberAddResponse: [{ number: 2, name: 'member', type: 'Member', kind: 'single', oneof: null }],
  MemberRemoveRequest: [{ number: 1, name: 'id', type: 'uint64text', kind: 'single', oneof: null }],
  MemberRemoveResponse: [],
  MemberUpdateRequest: [
    { number: 1, name: 'id', type: 'uint64text', kind: 'single', oneof: null },
    { number: 2, name: 'peerUrls', type: 'string', kind: 'repeated', oneof: null },
  ],
  MemberUpdateResponse: [],
  MemberListRequest: [],
  MemberListResponse: [{ number: 2, name: 'members', type: 'Member', kind: 'repeated', oneof: null }],
  MemberPromoteRequest: [{ number: 1, name: 'id', type: 'uint64text', kind: 'single', oneof: null }],
  MemberPromoteResponse: [],
  StatusRequest: [],
  StatusResponse: [
    { number: 3, name: 'dbSize', type: 'int64', kind: 'single', oneof: null },
    { number: 4, name: 'leader', type: 'uint64text', kind: 'single', oneof: null },
  ],
};

export const kvMethods = {
  range: {
    path: '/etcdserverpb.KV/Range',
    kind: 'unary',
    request: 'RangeRequest',
    response: 'RangeResponse',
    tables: messageFields,
  },
  txn: {
    path: '/etcdserverpb.KV/Txn',
    kind: 'unary',
    request: 'TxnRequest',
    response: 'TxnResponse',
    tables: messageFields,
  },
  /** Forgets older revisions. */
  compact: {
    path: '/etcdserverpb.KV/Compact',
    kind: 'unary',
    request: 'CompactionRequest',
    response: 'CompactionResponse',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const watchMethods = {
  watch: {
    path: '/etcdserverpb.Watch/Watch',
    kind: 'duplex',
    request: 'WatchRequest',
    response: 'WatchResponse',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const leaseMethods = {
  leaseGrant: {
    path: '/etcdserverpb.Lease/LeaseGrant',
    kind: 'unary',
    request: 'LeaseGrantRequest',
    response: 'LeaseGrantResponse',
    tables: messageFields,
  },
  leaseRevoke: {
    path: '/etcdserverpb.Lease/LeaseRevoke',
    kind: 'unary',
    request: 'LeaseRevokeRequest',
    response: 'LeaseRevokeResponse',
    tables: messageFields,
  },
  leaseKeepAlive: {
    path: '/etcdserverpb.Lease/LeaseKeepAlive',
    kind: 'duplex',
    request: 'LeaseKeepAliveRequest',
    response: 'LeaseKeepAliveResponse',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const clusterMethods = {
  memberAdd: {
    path: '/etcdserverpb.Cluster/MemberAdd',
    kind: 'unary',
    request: 'MemberAddRequest',
    response: 'MemberAddResponse',
    tables: messageFields,
  },
  memberRemove: {
    path: '/etcdserverpb.Cluster/MemberRemove',
    kind: 'unary',
    request: 'MemberRemoveRequest',
    response: 'MemberRemoveResponse',
    tables: messageFields,
  },
  /** Says where it is by now. */
  memberUpdate: {
    path: '/etcdserverpb.Cluster/MemberUpdate',
    kind: 'unary',
    request: 'MemberUpdateRequest',
    response: 'MemberUpdateResponse',
    tables: messageFields,
  },
  memberList: {
    path: '/etcdserverpb.Cluster/MemberList',
    kind: 'unary',
    request: 'MemberListRequest',
    response: 'MemberListResponse',
    tables: messageFields,
  },
  /** Makes a learner that has caught up one that counts. */
  memberPromote: {
    path: '/etcdserverpb.Cluster/MemberPromote',
    kind: 'unary',
    request: 'MemberPromoteRequest',
    response: 'MemberPromoteResponse',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const maintenanceMethods = {
  /** Of the member that is asked; a learner answers, too. */
  status: {
    path: '/etcdserverpb.Maintenance/Status',
    kind: 'unary',
    request: 'StatusRequest',
    response: 'StatusResponse',
    tables: messageFields,
  },
} as const satisfies MethodTable;
