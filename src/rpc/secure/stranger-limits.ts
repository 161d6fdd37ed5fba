import type { Socket } from 'node:net';
import { TsstackError } from '../../model/errors.ts';
import { RateLimit } from './rate-limit.ts';

/**
 * What those get who have not shown a good certificate, so that a flood of them hurts neither sessions of nodes nor the memory. A connection costs
 * some 100 KiB and a handshake 1 ms of the manager's time. Nodes behind one address (NAT) that all come back at once fit in.
 */
export interface StrangerBounds {
  /** Connections at once; beyond, the oldest makes room, as a handshake of a node takes milliseconds. */
  readonly connections: number;
  /** Connections at once of one address. */
  readonly connectionsOfAddress: number;
  /** For everything that a host has to say in order to join. */
  readonly lifetimeMs: number;
  /** New connections of one address: so many at once, then so many per second. Nodes count as well, which nobody knows yet, and managers that pass calls on. */
  readonly arrivals: { readonly burst: number; readonly perSecond: number };
  /** Calls of one address, of which joining takes two. */
  readonly calls: { readonly burst: number; readonly perSecond: number };
}

export const defaultBounds: StrangerBounds = {
  connections: 256,
  connectionsOfAddress: 64,
  lifetimeMs: 60_000,
  arrivals: { burst: 200, perSecond: 50 },
  calls: { burst: 100, perSecond: 2 },
};

interface Stranger {
  readonly socket: Socket;
  readonly address: string;
  readonly timer: NodeJS.Timeout;
}

export class StrangerLimits {
  readonly #bounds: StrangerBounds;
  readonly #arrivals: RateLimit;
  readonly #calls: RateLimit;
  /** By remote address and port, the oldest first. */
  readonly #strangers = new Map<string, Stranger>();

  constructor(bounds: StrangerBounds = defaultBounds) {
    this.#bounds = bounds;
    this.#arrivals = new RateLimit(bounds.arrivals);
    this.#calls = new RateLimit(bounds.calls);
  }

  /** Takes notice of a connection that nothing is known of; false = it is one too many. */
  admit(socket: Socket): boolean {
    const address = groupOf(socket.remoteAddress ?? '');
    const { connections, connectionsOfAddress, lifetimeMs } = this.#bounds;
    if (!this.#arrivals.take(address) || this.#countOf(address) >= connectionsOfAddress) return false;
    const [oldest] = this.#strangers.values();
    if (this.#strangers.size >= connections) oldest?.socket.destroy();
    const key = keyOf(socket);
    const timer = setTimeout(() => socket.destroy(), lifetimeMs);
    this.#strangers.set(key, { socket, address, timer });
    socket.once('close', () => this.#forget(key));
    return true;
  }

  /** It is a node's. */
  trust(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
    this.#forget(keyOf(socket));
  }

  /** Notes a call of a stranger (ADDRESS:PORT); throws when its address has made too many. */
  checkCall(endpoint: string): void {
    if (this.#calls.take(groupOf(endpoint.replace(/:\d+$/, '')))) return;
    throw new TsstackError('exhausted', 'too many attempts from this address', {
      retryable: true,
      hint: 'try again in a minute',
    });
  }

  #forget(key: string): void {
    clearTimeout(this.#strangers.get(key)?.timer);
    this.#strangers.delete(key);
  }

  #countOf(address: string): number {
    let count = 0;
    for (const stranger of this.#strangers.values()) if (stranger.address === address) count += 1;
    return count;
  }
}

function keyOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress}:${remotePort}`;
}

/** Whoever has one IPv6 address has a network of them (/64). */
function groupOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':');
}
