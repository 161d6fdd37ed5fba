import { TsstackError } from '../../model/errors.ts';
import type { CallContext, CallOptions, Client, DuplexStream, Handlers } from '../../rpc/service-types.ts';
import type { MethodTable } from '../../rpc/wire/method.ts';
import type { Closable, LeaderLink } from './leader-link.ts';

/** Where the calls of a service are answered; those that are not named are the leader's. */
export interface Places {
  /** Always here: they are about this daemon, or about who calls. */
  readonly here: ReadonlySet<string>;
  /** Here when there is no leader: they only look, and say how old it is what they see. */
  readonly hereIfNeeded: ReadonlySet<string>;
}

type Unary = (request: unknown, context: CallContext | CallOptions) => Promise<unknown>;
type ServerStream = (request: unknown, context: CallContext | CallOptions) => AsyncIterable<unknown>;
type LocalDuplex = (stream: DuplexStream<unknown, unknown>, context: CallContext) => Promise<void>;
type RemoteDuplex = (options: CallOptions) => DuplexStream<unknown, unknown>;

/**
 * A service of a manager that may or may not lead. What the leader has to decide is asked of it; reads as well, so that they show what was written
 * before through this manager.
 */
export function serveByLeader<Table extends MethodTable>(
  methods: Table,
  local: Handlers<Table>,
  link: LeaderLink<Client<Table>>,
  { here, hereIfNeeded }: Places,
): Handlers<Table> {
  const entries = Object.entries(methods).map(([name, { kind }]) => {
    // Every name of the table is one of the handlers, which may be methods of an object.
    const handler: unknown = (Reflect.get(local, name) as Unary).bind(local);
    if (here.has(name)) return [name, handler] as const;
    const forwarder = new Forwarder(link, name, hereIfNeeded.has(name));
    if (kind === 'unary') return [name, forwarder.unary(handler as Unary)] as const;
    if (kind === 'serverStream') return [name, forwarder.serverStream(handler as ServerStream)] as const;
    return [name, forwarder.duplex(handler as LocalDuplex)] as const;
  });
  // Each entry is made by the function of its kind, which the compiler cannot follow through Object.entries.
  return Object.fromEntries(entries) as unknown as Handlers<Table>;
}

/** Calls the leader, or what is here when this manager leads, or when nobody does and the call only looks. */
class Forwarder {
  readonly #link: LeaderLink<Closable>;
  readonly #name: string;
  readonly #isHereIfNeeded: boolean;

  constructor(link: LeaderLink<Closable>, name: string, isHereIfNeeded: boolean) {
    this.#link = link;
    this.#name = name;
    this.#isHereIfNeeded = isHereIfNeeded;
  }

  unary(here: Unary): Unary {
    return async (request, context) => {
      const { signal } = context as CallContext;
      const leader = await this.#find(signal);
      if (leader === null) return here(request, context);
      const there = Reflect.get(leader, this.#name) as Unary;
      return this.#noting(leader, () => there(request, { signal }));
    };
  }

  serverStream(here: ServerStream): ServerStream {
    const find = (signal: AbortSignal): Promise<Closable | null> => this.#find(signal);
    const name = this.#name;
    return async function* (request, context) {
      const { signal } = context as CallContext;
      const leader = await find(signal);
      if (leader === null) yield* here(request, context);
      else yield* (Reflect.get(leader, name) as ServerStream)(request, { signal });
    };
  }

  duplex(here: LocalDuplex): LocalDuplex {
    return async (near, context) => {
      const { signal } = context;
      const leader = await this.#find(signal);
      if (leader === null) return here(near, context);
      const far = (Reflect.get(leader, this.#name) as RemoteDuplex)({ signal });
      // What the client writes when the leader is done has no reader, so that its failure is none.
      copy(near, far).then(
        () => far.end(),
        () => far.cancel(),
      );
      await this.#noting(leader, () => copy(far, near));
    };
  }

  /** Null = here. */
  async #find(signal: AbortSignal): Promise<Closable | null> {
    try {
      return await this.#link.find(signal);
    } catch (error) {
      if (this.#isHereIfNeeded) return null;
      throw error;
    }
  }

  /** A connection that broke is not used again. */
  async #noting<Result>(leader: Closable, call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof TsstackError && error.code === 'unavailable') this.#link.drop(leader);
      throw error;
    }
  }
}

async function copy(from: AsyncIterable<unknown>, to: DuplexStream<unknown, unknown>): Promise<void> {
  for await (const message of from) await to.write(message);
}
