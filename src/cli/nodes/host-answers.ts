import { TsstackError } from '../../model/errors.ts';
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { CommandIo } from '../command-line/io.ts';
import { writeWarnings } from '../output/write-warnings.ts';

/** How long a host may take for its first word. Just below the 6 s after which one that is lost is known to be down. */
const patienceMs = 5000;

interface HostAnswersOptions {
  readonly io: Pick<CommandIo, 'stderr'>;
  /** By id. */
  readonly nodes: ReadonlyMap<string, NodeObject>;
  /** Tests have less of it. */
  readonly patienceMs?: number;
}

/**
 * What is asked of several hosts at once: one that does not answer is named in one line, with since when, and the others are heard all the same.
 * On a lone host a question fails as it is.
 */
export class HostAnswers {
  readonly #options: HostAnswersOptions;
  readonly #patienceMs: number;
  readonly #silent = new Set<string>();
  #isHeard = false;

  constructor(options: HostAnswersOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? patienceMs;
  }

  /** What `read` gives of a container. Ends when its host does not answer. */
  async *of<Item>(task: TaskObject, read: (signal: AbortSignal) => AsyncIterable<Item>): AsyncGenerator<Item, void> {
    const node = this.#nodeAmongOthers(task);
    if (node === undefined) return yield* this.#heard(read(new AbortController().signal));
    if (this.noteDown(node)) return;
    const silence = new Silence(this.#patienceMs);
    try {
      yield* this.#heard(read(silence.signal), () => silence.end());
    } catch (error) {
      if (silence.signal.aborted) this.#warn(node, `has not answered since ${silence.since}`);
      else if (!this.noteFailure(task, error)) throw error;
    } finally {
      silence.end();
    }
  }

  /** Takes notice of a node, and says so once if it is down; true if it is. */
  noteDown({ id, hostname, state, stateSince }: NodeObject): boolean {
    if (state !== 'down') {
      this.#silent.delete(id);
      return false;
    }
    this.#warn({ id, hostname }, `is down since ${stateSince}`);
    return true;
  }

  /** The same for all nodes that have one of these containers. */
  noteLostHosts(tasks: readonly TaskObject[], nodes: Iterable<NodeObject>): void {
    const hosts = new Set(tasks.map(({ nodeId }) => nodeId));
    for (const node of nodes) if (hosts.has(node.id)) this.noteDown(node);
  }

  /** True when the question failed because of the container's host, which then has been said. */
  noteFailure(task: TaskObject, error: unknown): boolean {
    const node = this.#nodeAmongOthers(task);
    if (node === undefined || !(error instanceof TsstackError)) return false;
    if (error.code !== 'unavailable' && error.code !== 'timeout') return false;
    this.#warn(node, `does not answer since ${new Date().toISOString()} (${error.message})`);
    return true;
  }

  /** A part is shown with a warning; nothing at all is a failure. */
  get exitCode(): number {
    return this.#isHeard || this.#silent.size === 0 ? 0 : 1;
  }

  async *#heard<Item>(items: AsyncIterable<Item>, onFirst?: () => void): AsyncGenerator<Item, void> {
    for await (const item of items) {
      this.#isHeard = true;
      onFirst?.();
      yield item;
    }
    this.#isHeard = true;
  }

  #nodeAmongOthers({ nodeId }: TaskObject): NodeObject | undefined {
    const { nodes } = this.#options;
    return nodes.size < 2 || nodeId === null ? undefined : nodes.get(nodeId);
  }

  #warn({ id, hostname }: Pick<NodeObject, 'id' | 'hostname'>, how: string): void {
    if (this.#silent.has(id)) return;
    this.#silent.add(id);
    writeWarnings(this.#options.io, [`node ${hostname} ${how}: its containers are left out`]);
  }
}

/** Patience that ends with the first word. */
class Silence {
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** RFC 3339. */
  readonly since = new Date().toISOString();

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#over.abort(), milliseconds);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
