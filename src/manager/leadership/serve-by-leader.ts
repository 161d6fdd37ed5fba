import type { CallContext, CallOptions, Client, DuplexStream, Handlers } from '../../rpc/service-types.ts';
import type { MethodTable } from '../../rpc/wire/method.ts';
import type { Closable, LeaderCall, LeaderLink } from './leader-link.ts';

/** Where the calls of a service are answered; those that are not named are the leader's. */
export interface Places {
  /** Always here: they are about this daemon, or about who calls. */
  readonly here: ReadonlySet<string>;
  /** Here when there is no leader: they only look, and say how old it is what they see. */
  readonly hereIfNeeded: ReadonlySet<string>;
}

/** How long a call may go on whose leader leads no more, in ms: one that has handed over the lead passes it on, or has stored it and says so. */
const passOnMs = 1000;

/** Both what handlers and what clients are given. */
type Context = CallContext | CallOptions;
type Unary = (request: unknown, context: Context) => Promise<unknown>;
type ServerStream = (request: unknown, context: Context) => AsyncIterable<unknown>;
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
      const call = await this.#find(context);
      if (call === null) return here(request, context);
      const patient = { ...call, over: later(call.over, passOnMs) };
      return during(patient, context, (signal) => (this.#there(call) as Unary)(request, { signal }));
    };
  }

  serverStream(here: ServerStream): ServerStream {
    return (request, context) => this.#stream(here, request, context);
  }

  duplex(here: LocalDuplex): LocalDuplex {
    return async (near, context) => {
      const call = await this.#find(context);
      if (call === null) return here(near, context);
      await during(call, context, async (signal) => {
        const far = (this.#there(call) as RemoteDuplex)({ signal });
        // What the client writes when the leader is done has no reader, so that its failure is none.
        copy(near, far).then(
          () => far.end(),
          () => far.cancel(),
        );
        await copy(far, near);
      });
    };
  }

  async *#stream(here: ServerStream, request: unknown, context: Context): AsyncGenerator {
    const call = await this.#find(context);
    if (call === null) return yield* here(request, context);
    const signal = AbortSignal.any([signalOf(context), call.over]);
    try {
      yield* (this.#there(call) as ServerStream)(request, { signal });
    } catch (error) {
      throw call.over.aborted ? call.over.reason : error;
    } finally {
      call.end();
    }
  }

  /** Null = here. */
  async #find(context: Context): Promise<LeaderCall<Closable> | null> {
    try {
      return await this.#link.find(signalOf(context), !this.#isHereIfNeeded);
    } catch (error) {
      if (this.#isHereIfNeeded) return null;
      throw error;
    }
  }

  /** Every name of the table is a method of its client. */
  #there({ client }: LeaderCall<Closable>): unknown {
    return Reflect.get(client, this.#name);
  }
}

/** Runs a call until the leader is none any more. */
async function during<Result>(
  call: LeaderCall<Closable>,
  context: Context,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  try {
    return await run(AbortSignal.any([signalOf(context), call.over]));
  } catch (error) {
    throw call.over.aborted ? call.over.reason : error;
  } finally {
    call.end();
  }
}

/** Aborted so long after the other one, for the same reason. */
function later(signal: AbortSignal, delayMs: number): AbortSignal {
  const late = new AbortController();
  const abort = (): void => late.abort(signal.reason);
  signal.addEventListener('abort', () => void setTimeout(abort, delayMs).unref(), { once: true });
  if (signal.aborted) abort();
  return late.signal;
}

function signalOf({ signal }: Context): AbortSignal {
  return signal ?? new AbortController().signal;
}

async function copy(from: AsyncIterable<unknown>, to: DuplexStream<unknown, unknown>): Promise<void> {
  for await (const message of from) await to.write(message);
}
