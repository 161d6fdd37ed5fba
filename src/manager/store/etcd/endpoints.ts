import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../../model/errors.ts';
import { openEtcd, type EtcdClient, type EtcdTls } from '../../../rpc/etcd-client.ts';
import { StoreFullError, StoreUnavailableError } from '../errors.ts';

/** Time for one member to answer one request: etcd itself gives up after 7 s, of which 1 s is an election. */
const defaultAttemptMs = 2000;

/** Pause between two rounds over all members. */
const pauseMs = 100;

/** How long a request may take. */
export interface Patience {
  /** Over all attempts; each member is asked at least once. */
  readonly patienceMs: number;
  readonly attemptMs?: number;
}

export interface EtcdAddress {
  /** `host:port` of each member. */
  readonly endpoints: readonly string[];
  /** Null = in clear. */
  readonly tls: EtcdTls | null;
}

/** The members of one etcd. Calls go to the same one until it does not answer. */
export class EtcdEndpoints {
  readonly #endpoints: readonly string[];
  readonly #clients: readonly EtcdClient[];
  /** What went wrong last with each. */
  readonly #problems = new Map<string, string>();
  #current = 0;
  #isClosed = false;

  private constructor(endpoints: readonly string[], clients: readonly EtcdClient[]) {
    this.#endpoints = endpoints;
    this.#clients = clients;
  }

  static async open({ endpoints, tls }: EtcdAddress): Promise<EtcdEndpoints> {
    const clients = await Promise.all(endpoints.map((endpoint) => openEtcd(endpoint, tls)));
    return new EtcdEndpoints(endpoints, clients);
  }

  /** The member that answers, as far as is known. */
  get current(): EtcdClient {
    const client = this.#clients[this.#current];
    if (client === undefined) throw new TypeError('an etcd has at least one endpoint');
    return client;
  }

  /** The member failed: the next one is asked from now on, unless somebody else has moved on already. */
  moveOn(failed: EtcdClient, error: unknown): void {
    this.#problems.set(this.#endpoints[this.#clients.indexOf(failed)] ?? '', describe(error));
    if (this.current === failed) this.#current = (this.#current + 1) % this.#clients.length;
  }

  /**
   * Asks one member after the other, until one answers or the patience is over. For requests that may be repeated.
   * `what` begins the error's message: `write the store`.
   */
  async call<Answer>(
    what: string,
    { patienceMs, attemptMs = defaultAttemptMs }: Patience,
    ask: (client: EtcdClient, options: { readonly deadlineMs: number }) => Promise<Answer>,
  ): Promise<Answer> {
    const deadline = performance.now() + patienceMs;
    for (let round = 1; ; round++) {
      for (let index = 0; index < this.#clients.length; index++) {
        const client = this.current;
        try {
          return await ask(client, { deadlineMs: attemptMs });
        } catch (error) {
          if (!isOutage(error)) throw explain(what, error);
          this.moveOn(client, error);
        }
        if (this.#isClosed) throw new StoreUnavailableError(`${what}: the store is closed`);
      }
      if (performance.now() + pauseMs > deadline) throw this.outage(what);
      await delay(pauseMs * Math.min(round, 5));
    }
  }

  /** The error of an etcd of which no member could serve. */
  outage(what: string): StoreUnavailableError {
    const members = this.#endpoints.map(
      (endpoint) => `${nameOf(endpoint)}: ${this.#problems.get(endpoint) ?? 'not asked yet'}`,
    );
    return new StoreUnavailableError(`${what}: etcd does not answer as a whole (${members.join('; ')})`, {
      hint: 'start its missing members: a majority has to run. Containers run on meanwhile',
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) client.close();
  }
}

/** For people. */
function nameOf(endpoint: string): string {
  return endpoint.startsWith('unix:') ? 'the member of this host' : endpoint;
}

/** Whether another member, or the same one later, may do what this one could not. */
function isOutage(error: unknown): boolean {
  return error instanceof TsstackError && (error.code === 'unavailable' || error.code === 'timeout');
}

function explain(what: string, error: unknown): unknown {
  if (!(error instanceof TsstackError) || !error.message.includes('database space exceeded')) return error;
  return new StoreFullError(`${what}: etcd is full`, {
    cause: error,
    hint: 'give it more room (--quota-backend-bytes), or compact and defragment it; then `etcdctl alarm disarm`',
  });
}

function describe(error: unknown): string {
  if (!(error instanceof TsstackError)) return String(error);
  if (error.code === 'timeout') return 'no answer in time';
  if (error.message.startsWith('etcdserver: ')) return error.message.slice('etcdserver: '.length);
  // What is wrong with certificates has to be told; that a host or a port is not there comes in many words.
  const reason = /Last error: (?:\w*Error: )?(.*?)\.? Resolution note/.exec(error.message)?.[1] ?? '';
  return /certificate|altnames|TLS|SSL/i.test(reason) ? reason : 'nobody answers';
}
