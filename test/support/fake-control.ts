/** A Control service over real gRPC whose objects and answers are the test's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TsstackError } from '../../src/model/errors.ts';
import type { ModelObject } from '../../src/model/objects.ts';
import type {
  ActOnTasksRequest,
  ApplyStackRequest,
  ApplyStackResponse,
  CreateOneOffRequest,
  Frame,
  OpenStream,
  RemoveStackRequest,
  RemoveStackResponse,
  WatchResponse,
  WireObject,
} from '../../src/rpc/messages.ts';
import { serve, serveControl, type RunningServer } from '../../src/rpc/server.ts';
import type { StreamKinds } from '../../src/rpc/stream-kinds.ts';
import type { CallContext, ControlHandlers, DuplexStream } from '../../src/rpc/service-types.ts';

const emptyApply: ApplyStackResponse = {
  steps: [],
  taskIds: [],
  orphans: [],
  warnings: [],
  volumeQuestions: [],
  updating: [],
};

/** The answers that a test may replace. */
interface Answers {
  /** What is left out is empty. */
  apply: (request: ApplyStackRequest) => Partial<ApplyStackResponse>;
  act: (request: ActOnTasksRequest) => readonly string[];
  removeStack: (request: RemoveStackRequest) => RemoveStackResponse;
  createOneOff: (request: CreateOneOffRequest) => string;
  /** Serves one stream; resolves to its exit code. */
  open: (open: OpenStream, stream: DuplexStream<Frame, Frame>) => Promise<number>;
}

type Change = (response: WatchResponse) => void;

export class FakeControl {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-fake-'));
  readonly address = `unix://${join(this.directory, 'sock')}`;
  /** Every request, in order, as `method` and what was asked. */
  readonly requests: { readonly method: string; readonly request: unknown }[] = [];
  readonly answers: Answers = {
    apply: () => emptyApply,
    act: ({ taskIds }) => taskIds,
    removeStack: () => ({ steps: [], warnings: [] }),
    createOneOff: () => 'one-off',
    open: () => Promise.reject(new TsstackError('unsupported', 'no stream in this test')),
  };
  /** Images that this host does not have; it has all others. */
  readonly missingImages = new Set<string>();
  /** The node of this host is not connected: it tells nothing of its images. */
  isHostAway = false;
  readonly #objects = new Map<string, ModelObject>();
  readonly #watchers = new Set<Change>();
  #server: RunningServer | undefined;

  async start(): Promise<this> {
    this.#server = await serve(this.address, [serveControl(this.#handlers())]);
    return this;
  }

  async stop(): Promise<void> {
    await this.#server?.stop(0);
    rmSync(this.directory, { recursive: true, force: true });
  }

  get env(): Record<string, string> {
    return { TSSTACK_HOST: this.address };
  }

  /** Writes a stack file beside the socket and gives its path. */
  write(text: string, name = 'stack.yml'): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** Objects appear or change, all at once. */
  put(...objects: readonly ModelObject[]): void {
    for (const object of objects) this.#objects.set(object.id, object);
    this.#tell(objects.map(toWire));
  }

  /** Objects go. */
  remove(...objects: readonly ModelObject[]): void {
    for (const object of objects) this.#objects.delete(object.id);
    this.#tell(objects.map((object) => ({ ...toWire(object), document: '' })));
  }

  requestsOf(method: string): readonly unknown[] {
    return this.requests.filter((call) => call.method === method).map(({ request }) => request);
  }

  #tell(objects: readonly WireObject[]): void {
    for (const watcher of this.#watchers) watcher({ objects, synced: true, stale: '' });
  }

  #handlers(): ControlHandlers {
    const note = (method: string, request: unknown): void => void this.requests.push({ method, request });
    return {
      getInfo: () => Promise.reject(new TsstackError('unsupported', 'no info in this test')),
      applyStack: async (request) => (note('apply', request), { ...emptyApply, ...this.answers.apply(request) }),
      removeStack: async (request) => (note('removeStack', request), this.answers.removeStack(request)),
      actOnTasks: async (request) => (note('act', request), { taskIds: this.answers.act(request) }),
      createOneOff: async (request) => {
        note('createOneOff', request);
        const taskId = this.answers.createOneOff(request);
        const task = this.#objects.get(taskId);
        const containerName = task?.kind === 'task' ? task.containerName : '';
        return { taskId, containerName, dependencyTaskIds: [] };
      },
      updateService: () => Promise.reject(new TsstackError('unsupported', 'no service is changed in this test')),
      rollbackService: () => Promise.reject(new TsstackError('unsupported', 'no service is changed in this test')),
      rebalanceService: () => Promise.reject(new TsstackError('unsupported', 'no service is changed in this test')),
      updateNode: () => Promise.reject(new TsstackError('unsupported', 'no service is changed in this test')),
      acceptStore: () => Promise.reject(new TsstackError('unsupported', 'no store is accepted in this test')),
      removeNode: () => Promise.reject(new TsstackError('unsupported', 'no service is changed in this test')),
      createObject: () => Promise.reject(new TsstackError('unsupported', 'no objects are made in this test')),
      removeObjects: () => Promise.reject(new TsstackError('unsupported', 'no objects are removed in this test')),
      listObjects: async ({ kinds }) => ({ objects: this.#list(kinds), stale: '', leader: '' }),
      watch: (request, context) => (note('watch', request), this.#watch(request.kinds, context)),
      open: (stream) => this.#open(stream, note),
      events: () => {
        throw new TsstackError('unsupported', 'no events in this test');
      },
    };
  }

  #list(kinds: readonly string[]): readonly WireObject[] {
    return [...this.#objects.values()].filter(({ kind }) => kinds.length === 0 || kinds.includes(kind)).map(toWire);
  }

  async *#watch(kinds: readonly string[], { signal }: CallContext): AsyncGenerator<WatchResponse> {
    const waiting: WatchResponse[] = [{ objects: this.#list(kinds), synced: true, stale: '' }];
    let news = Promise.withResolvers<void>();
    const onChange: Change = (response) => {
      waiting.push(response);
      news.resolve();
    };
    signal.addEventListener('abort', () => news.resolve(), { once: true });
    this.#watchers.add(onChange);
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0);
        await news.promise;
        news = Promise.withResolvers<void>();
      }
    } finally {
      this.#watchers.delete(onChange);
    }
  }

  async #open(stream: DuplexStream<Frame, Frame>, note: (method: string, request: unknown) => void): Promise<void> {
    const iterator = stream[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done === true || first.value.content !== 'open') throw new TsstackError('invalid', 'no open frame');
    const { open } = first.value;
    if (open.kind === 'image.find') return await this.#findImages(open, stream);
    note('open', open);
    const rest = { ...stream, [Symbol.asyncIterator]: () => iterator };
    const code = await this.answers.open(open, rest);
    await stream.write({ content: 'exit', exit: { code } });
  }

  async #findImages(open: OpenStream, stream: DuplexStream<Frame, Frame>): Promise<void> {
    if (this.isHostAway) throw new TsstackError('unavailable', 'the node of this host is not connected');
    const { references } = JSON.parse(open.arguments) as StreamKinds['image.find']['arguments'];
    const images = references.flatMap((reference) => (this.missingImages.has(reference) ? [] : [{ reference }]));
    await stream.write({ content: 'document', document: JSON.stringify({ images }) });
    await stream.write({ content: 'exit', exit: { code: 0 } });
  }
}

function toWire(object: ModelObject): WireObject {
  return { kind: object.kind, id: object.id, version: object.version, document: JSON.stringify(object) };
}
