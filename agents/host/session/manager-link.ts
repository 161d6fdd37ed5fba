import type { FoundImage, ImageHolder } from '../../../src/model/found-image.ts';
import { TsstackError } from '../../../src/model/errors.ts';
import { errorOfProblem } from '../../../src/rpc/error-mapping.ts';
import type { Frame } from '../../../src/rpc/messages.ts';
import type { DispatcherClient, DuplexStream } from '../../../src/rpc/service-types.ts';
import { Changes } from '../../../src/model/changes.ts';
import type { ImagePeers, WantedContent } from '../images/peers/image-peers.ts';

/** A manager that is away for longer (a new leader acts within 5 s) is waited for by whoever tries again. */
const sessionDeadlineMs = 30_000;
/** The manager may have to read a file, to look at nodes and to ask a registry twice: 245 s by the deadlines of src/manager/images/image-names.ts. */
const findDeadlineMs = 250_000;

interface Session {
  readonly client: DispatcherClient;
  readonly id: string;
  readonly over: AbortController;
}

/** What this host asks of its manager beside the session itself, over the connection of the session that stands. */
export class ManagerLink implements ImagePeers {
  readonly #idleMs: number;
  #client: DispatcherClient | null = null;
  #session: Session | null = null;
  readonly #changes = new Changes();
  #isShared = false;

  /** `idleMs`: how long a transfer may bring nothing. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** The connection, for streams that the manager asks for; null when there is none. */
  get client(): DispatcherClient | null {
    return this.#client;
  }

  /** True once a manager has said that this host is in a cluster. */
  get isInCluster(): boolean {
    return this.#isShared;
  }

  connected(client: DispatcherClient): void {
    this.#client = client;
  }

  opened(sessionId: string): void {
    if (this.#client !== null) this.#session = { client: this.#client, id: sessionId, over: new AbortController() };
    this.#changes.note();
  }

  joined(): void {
    this.#isShared = true;
  }

  lost(): void {
    this.#session?.over.abort();
    this.#session = null;
  }

  /** What a reference means in the cluster; null when that is for this host to say. */
  async findImage(reference: string, mayPull: boolean, signal: AbortSignal): Promise<FoundImage | null> {
    const { client, id } = await this.#current(signal);
    const request = { sessionId: id, reference, mayPull };
    const { image } = await client.findImage(request, { signal, deadlineMs: findDeadlineMs });
    return image === '' ? null : (JSON.parse(image) as FoundImage);
  }

  async *open(holder: ImageHolder, content: WantedContent, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const session = await this.#current(signal);
    const stream = session.client.fetchImage({ signal: AbortSignal.any([signal, session.over.signal]) });
    try {
      const asked = JSON.stringify({ ...content, sessionId: session.id });
      await stream.write({
        content: 'open',
        open: { kind: 'image.content', taskId: '', nodeId: holder.nodeId, arguments: asked },
      });
      yield* readBytes(stream, holder, this.#idleMs);
    } catch (error) {
      signal.throwIfAborted();
      if (!session.over.signal.aborted) throw error;
      throw new TsstackError('unavailable', 'the connection to the manager is lost', { retryable: true, cause: error });
    } finally {
      stream.cancel();
    }
  }

  /** The session that stands, or the next one. */
  async #current(signal: AbortSignal): Promise<Session> {
    await this.#changes.until(
      () => this.#session !== null,
      AbortSignal.any([signal, AbortSignal.timeout(sessionDeadlineMs)]),
    );
    signal.throwIfAborted();
    if (this.#session === null) throw new TsstackError('unavailable', 'no manager can be reached', { retryable: true });
    return this.#session;
  }
}

/** The bytes up to `exit`. The first may take its time, as transfers wait for each other at the manager; between two of them a stuck node is noticed. */
async function* readBytes(
  stream: DuplexStream<Frame, Frame>,
  { hostname }: ImageHolder,
  idleMs: number,
): AsyncGenerator<Uint8Array> {
  const stuck = Promise.withResolvers<never>();
  // Nobody may be waiting for a frame just now.
  stuck.promise.catch(() => undefined);
  const frames = stream[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  const onIdle = (): void =>
    stuck.reject(
      new TsstackError('timeout', `fetch from node ${hostname}: nothing came for ${idleMs / 1000} s`, {
        retryable: true,
      }),
    );
  try {
    for (;;) {
      const next = await Promise.race([frames.next(), stuck.promise]);
      clearTimeout(timer);
      if (next.done === true)
        throw new TsstackError('unavailable', `node ${hostname} ended early`, { retryable: true });
      const frame = next.value;
      if (frame.content === 'problem') throw errorOfProblem(frame.problem);
      if (frame.content === 'exit') return;
      if (frame.content === 'stdout') yield frame.stdout;
      timer = setTimeout(onIdle, idleMs);
    }
  } finally {
    clearTimeout(timer);
  }
}
