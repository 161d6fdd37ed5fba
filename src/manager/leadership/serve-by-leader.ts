import { TsstackError } from '../../model/errors.ts';
import { controlMethods } from '../../rpc/generated/contract.ts';
import type {
  CallContext,
  CallOptions,
  ControlClient,
  ControlHandlers,
  DuplexStream,
} from '../../rpc/service-types.ts';
import type { LeaderLink } from './leader-link.ts';

/** Calls that only look: without a leader this manager answers them from what it has, which says how old it is. */
const readable: ReadonlySet<string> = new Set(['listObjects', 'watch', 'events']);

type Unary = (request: unknown, context: CallContext | CallOptions) => Promise<unknown>;
type ServerStream = (request: unknown, context: CallContext | CallOptions) => AsyncIterable<unknown>;
type LocalDuplex = (stream: DuplexStream<unknown, unknown>, context: CallContext) => Promise<void>;
type RemoteDuplex = (options: CallOptions) => DuplexStream<unknown, unknown>;

/** The Control service of a manager that may or may not lead: what the leader has to decide is asked of it, reads as well, so that they show own writes. */
export function serveByLeader(local: ControlHandlers, link: LeaderLink): ControlHandlers {
  const entries = Object.entries(controlMethods).map(([name, { kind }]) => {
    const here: unknown = Reflect.get(local, name).bind(local);
    // It is about this very daemon.
    if (name === 'getInfo') return [name, here] as const;
    const forwarder = new Forwarder(link, name);
    if (kind === 'unary') return [name, forwarder.unary(here as Unary)] as const;
    if (kind === 'serverStream') return [name, forwarder.serverStream(here as ServerStream)] as const;
    return [name, forwarder.duplex(here as LocalDuplex)] as const;
  });
  // Each entry is made by the function of its kind, which the compiler cannot follow through Object.entries.
  return Object.fromEntries(entries) as unknown as ControlHandlers;
}

/** Calls the leader, or what is here when this manager leads, or when nobody does and the call only looks. */
class Forwarder {
  readonly #link: LeaderLink;
  readonly #name: string;

  constructor(link: LeaderLink, name: string) {
    this.#link = link;
    this.#name = name;
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
    const find = (signal: AbortSignal): Promise<ControlClient | null> => this.#find(signal);
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
  async #find(signal: AbortSignal): Promise<ControlClient | null> {
    try {
      return await this.#link.find(signal);
    } catch (error) {
      if (readable.has(this.#name)) return null;
      throw error;
    }
  }

  /** A connection that broke is not used again. */
  async #noting<Result>(leader: ControlClient, call: () => Promise<Result>): Promise<Result> {
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
