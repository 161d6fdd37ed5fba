import type { NodeDescription, TaskObject } from '../../src/model/objects.ts';
import { connectDispatcher } from '../../src/rpc/client.ts';
import type { AssignmentsMessage, Frame, SessionMessage, StreamRequest } from '../../src/rpc/messages.ts';
import type { DispatcherClient, DuplexStream } from '../../src/rpc/service-types.ts';
import { delay } from '../host/abortable.ts';
import { Backoff } from '../host/backoff.ts';
import { ReportStream } from '../host/session/report-stream.ts';
import { StatusReporter } from '../host/session/status-reporter.ts';
import { PretendTask, runsForEver, type Behaviour, type Report } from './pretend-task.ts';
import { Traffic } from './traffic.ts';

export interface SimulatedAgentOptions {
  readonly address: string;
  readonly nodeId: string;
  /** Default: `simulated`. */
  readonly hostname?: string;
  /** A connection that several agents share, and whose owner closes it. Default: one of its own. */
  readonly client?: DispatcherClient;
  /** How long the manager may take to answer a new connection; the client's default unless told. */
  readonly connectTimeoutMs?: number;
  /** Keeps no messages, of which a large fleet has too many. Default: false. */
  readonly forgetsMessages?: boolean;
  /** Begins another session when one has ended, as hosts do. Default: false, for tests that do so themselves. */
  readonly returns?: boolean;
  /** Where it is counted what crosses the wire. */
  readonly traffic?: Traffic;
  /** Told of each task that is new to the node. */
  readonly onTask?: (task: TaskObject) => void;
  readonly behaviourOf?: (task: TaskObject) => Behaviour;
  /** Serves a relayed stream; its open frame has been read from the request. */
  readonly onStream?: (request: StreamRequest, stream: DuplexStream<Frame, Frame>) => Promise<void>;
}

/** Pause of an agent that was not heard and goes on all the same, in ms. */
const repeatMs = 2000;

/** A small host with a usual LAN. */
export const simulatedDescription: NodeDescription = {
  hostname: 'simulated',
  architecture: 'x86_64',
  os: 'linux',
  kernel: '6.1.0',
  cpus: 2,
  memoryBytes: 2 ** 31,
  genericResources: {},
  engineLabels: {},
  systemReserve: { cpus: 0, memoryBytes: 0 },
  cgroup: 'v2',
  limitsStorage: false,
  kernelFeatures: {
    overlayfs: 'available',
    nftables: 'available',
    vxlan: 'available',
    macvlan: 'available',
    ipvlan: 'available',
    ipvs: 'available',
    wireguard: 'available',
    'ipsec-esp': 'available',
    'aes-gcm': 'available',
  },
  limitations: [],
  routes: ['0.0.0.0/0', '192.168.1.0/24'],
};

/** An agent that speaks the real protocol and only pretends to run containers: many fit into one process. */
export class SimulatedAgent {
  readonly tasks = new Map<string, PretendTask>();
  /** Last state of everything that is no task, by kind and id: `network/…`. */
  readonly resources = new Map<string, string>();
  /** Messages received, for tests of the protocol. */
  readonly messages: AssignmentsMessage[] = [];
  readonly #options: SimulatedAgentOptions;
  readonly #client: DispatcherClient;
  readonly #controller = new AbortController();
  readonly #reporter = new StatusReporter(() => undefined);
  readonly #traffic: Traffic;

  private constructor(client: DispatcherClient, options: SimulatedAgentOptions) {
    this.#client = client;
    this.#options = options;
    this.#traffic = options.traffic ?? new Traffic();
  }

  /** Resolves when the session stands; `earlier` hands over the tasks of an agent that was stopped. */
  static async start(options: SimulatedAgentOptions, earlier?: SimulatedAgent): Promise<SimulatedAgent> {
    const { address, connectTimeoutMs } = options;
    const timeout = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
    const agent = new SimulatedAgent(options.client ?? (await connectDispatcher(address, timeout)), options);
    for (const [id, task] of earlier?.tasks ?? []) agent.tasks.set(id, task);
    await new Promise<void>((resolve, reject) => void agent.#live(resolve, reject));
    return agent;
  }

  stop(): void {
    this.#controller.abort();
    this.#reporter.detach();
    if (this.#options.client === undefined) this.#client.close();
  }

  /** The pretended container of that name; throws when there is none. */
  container(name: string): PretendTask {
    const found = [...this.tasks.values()].find(({ task }) => task.containerName === name);
    if (found === undefined) throw new Error(`there is no container ${name}`);
    return found;
  }

  /** Reports what happened to a container by itself. */
  report(container: PretendTask, report: Report): void {
    if (report === 'removed') this.#reporter.removed(container.task.id);
    else this.#reporter.status(container.task.id, report);
  }

  /** Session after session, or only one. `onFailure` is told why there is no first one. */
  async #live(onOpen: () => void, onFailure: (error: unknown) => void): Promise<void> {
    const backoff = new Backoff();
    let isOpen = false;
    const begun = (): void => {
      isOpen = true;
      backoff.reset();
      onOpen();
    };
    await this.#hold(begun).catch((error: unknown) => {
      if (isOpen) throw error;
      onFailure(error);
    });
    const { signal } = this.#controller;
    while (this.#options.returns === true && !signal.aborted) {
      await delay(backoff.next(), signal);
      await this.#untilStopped(this.#hold(begun));
    }
  }

  /** One session, and nothing of it afterwards. */
  async #hold(onOpen: () => void): Promise<void> {
    const over = new AbortController();
    try {
      await this.#session(AbortSignal.any([this.#controller.signal, over.signal]), onOpen);
    } finally {
      this.#reporter.detach();
      over.abort();
    }
  }

  /** Until one of its calls ends. */
  async #session(scope: AbortSignal, onOpen: () => void): Promise<void> {
    const { nodeId, hostname } = this.#options;
    const description = hostname === undefined ? simulatedDescription : { ...simulatedDescription, hostname };
    const request = { nodeId, description: JSON.stringify(description), clusterId: '' };
    const session = this.#client.session(request, { signal: scope })[Symbol.asyncIterator]();
    const first = await session.next();
    if (first.done === true) throw new Error('the manager gave no session');
    const { sessionId } = first.value;
    this.#traffic.noteSession();
    onOpen();
    await Promise.race([
      this.#untilStopped(this.#serveStreams(session)),
      this.#untilStopped(this.#follow(sessionId, scope)),
      this.#beat(sessionId, scope),
    ]);
  }

  /** Ends when the manager does not answer, as a host's does; an agent that does not return goes on. */
  async #beat(sessionId: string, scope: AbortSignal): Promise<void> {
    while (!scope.aborted) {
      const reports = new ReportStream(this.#client, sessionId, scope);
      this.#reporter.attach(async (updates) => {
        await reports.send(updates);
        this.#traffic.noteReport(updates.length);
      });
      await this.#untilStopped(reports.run());
      if (this.#options.returns === true) return;
      await delay(repeatMs, scope);
    }
  }

  async #serveStreams(session: AsyncIterator<SessionMessage>): Promise<void> {
    for (let next = await session.next(); next.done !== true; next = await session.next()) {
      if (next.value.stream !== null) void this.#untilStopped(this.#serveStream(next.value.stream));
    }
  }

  async #serveStream(request: StreamRequest): Promise<void> {
    const stream = this.#client.relay();
    const open = { kind: '', taskId: '', nodeId: '', arguments: request.streamId };
    await stream.write({ content: 'open', open });
    await this.#options.onStream?.(request, stream);
    stream.end();
    // Until the manager has taken everything.
    for await (const _ of stream) continue;
  }

  async #follow(sessionId: string, scope: AbortSignal): Promise<void> {
    for await (const message of this.#client.assignments({ sessionId, takesChanges: false }, { signal: scope })) {
      this.#traffic.noteMessage(message);
      if (this.#options.forgetsMessages !== true) this.messages.push(message);
      if (message.full) this.#resync(message);
      for (const { kind, id, document } of message.upserts) {
        if (kind === 'task') this.#assign(readTask(document));
        else this.resources.set(`${kind}/${id}`, document);
      }
      for (const { kind, id } of message.removals) this.resources.delete(`${kind}/${id}`);
    }
  }

  /** A new session: what the manager does not know any more is gone, and it may have missed the last reports on the rest. */
  #resync({ upserts }: AssignmentsMessage): void {
    const assigned = new Set(upserts.map(({ id }) => id));
    for (const [id, container] of this.tasks) {
      if (assigned.has(id)) this.report(container, container.status);
      else this.tasks.delete(id);
    }
  }

  #assign(task: TaskObject): void {
    const behaviour = this.#options.behaviourOf?.(task) ?? runsForEver;
    const known = this.tasks.get(task.id);
    if (known === undefined) this.#options.onTask?.(task);
    const container = known ?? new PretendTask(task, behaviour);
    this.tasks.set(task.id, container);
    for (const report of container.assign(task)) {
      if (report === 'removed') this.tasks.delete(task.id);
      this.report(container, report);
    }
  }

  /** A stopped or cut connection is no failure of the simulation. */
  async #untilStopped(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      const isCut = ['canceled', 'unavailable', 'conflict', 'timeout'].includes(code);
      if (!isCut && !this.#controller.signal.aborted) throw error;
    }
  }
}

const specs = new Map<string, TaskObject['spec']>();
const specMember = ',"spec":';

/** Of many tasks that are alike, the spec is read and kept once. The manager writes it last; wherever it stands, the task is the same. */
function readTask(document: string): TaskObject {
  const at = document.lastIndexOf(specMember);
  const text = document.slice(at + specMember.length, -1);
  const known = at < 0 ? undefined : specs.get(text);
  if (known !== undefined) return { ...(JSON.parse(`${document.slice(0, at)}}`) as TaskObject), spec: known };
  const task = JSON.parse(document) as TaskObject;
  if (JSON.stringify(task.spec) === text) specs.set(text, task.spec);
  return task;
}
