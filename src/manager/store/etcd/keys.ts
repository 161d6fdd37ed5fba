/** Where things lie in etcd, all below one prefix. */
import type { ObjectKind } from '../../../model/objects.ts';

/** The first key behind all that begin with these bytes: the last byte plus one (no prefix of ours ends in 0xff). */
export function rangeEndOf(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** What a key is about. */
export type KeySubject =
  | { readonly type: 'meta' | 'head' | 'leader' | 'other' }
  | { readonly type: 'object'; readonly kind: ObjectKind; readonly id: string }
  | { readonly type: 'content'; readonly id: string }
  | { readonly type: 'staged'; readonly transaction: string; readonly index: number };

export class Keys {
  /** The whole store. */
  readonly all: Buffer;
  /** Identity of the store: cluster, epoch, format, fingerprint of the key that seals. */
  readonly meta: Buffer;
  /** Changes with each transaction; see Head in state.ts. */
  readonly head: Buffer;
  /** Who leads; goes with the leader's lease. */
  readonly leader: Buffer;
  readonly objects: Buffer;
  readonly contents: Buffer;
  /** Transactions that are too large for one request of etcd, in parts. */
  readonly staged: Buffer;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    const key = (rest: string): Buffer => Buffer.from(`${prefix}${rest}`);
    this.all = key('');
    this.meta = key('meta');
    this.head = key('head');
    this.leader = key('leader');
    this.objects = key('objects/');
    this.contents = key('contents/');
    this.staged = key('staged/');
  }

  object(kind: ObjectKind, id: string): Buffer {
    return Buffer.from(`${this.#prefix}objects/${kind}/${id}`);
  }

  content(id: string): Buffer {
    return Buffer.from(`${this.#prefix}contents/${id}`);
  }

  stagedPart(transaction: string, index: number): Buffer {
    return Buffer.from(`${this.#prefix}staged/${transaction}/${index}`);
  }

  subjectOf(key: Buffer): KeySubject {
    const [area = '', first = '', second = ''] = key.toString().slice(this.#prefix.length).split('/');
    switch (area) {
      case 'meta':
      case 'head':
      case 'leader':
        return { type: area };
      case 'objects':
        return { type: 'object', kind: first as ObjectKind, id: second };
      case 'contents':
        return { type: 'content', id: first };
      case 'staged':
        return { type: 'staged', transaction: first, index: Number(second) };
      default:
        return { type: 'other' };
    }
  }
}
