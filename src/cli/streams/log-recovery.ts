/** Goes on with the output of containers where it broke off, when their host or the daemon is back. */
import { setTimeout as delay } from 'node:timers/promises';
import { Changes } from '../../model/changes.ts';
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandIo } from '../command-line/io.ts';
import { isCut, type SteadyConnection } from '../connection/steady-connection.ts';
import { writeWarnings } from '../output/write-warnings.ts';

/** Pauses before attempts that follow one that brought nothing, each twice the one before: who is away shows in the nodes soon. */
const firstPauseMs = 100;
const longestPauseMs = 5000;

interface LogRecoveryOptions {
  readonly io: Pick<CommandIo, 'stderr'>;
  readonly connection: SteadyConnection;
  /** Nothing more is waited for. */
  readonly over: AbortSignal;
}

/** What broke off. */
export interface BrokenLog {
  readonly task: TaskObject;
  readonly control: ControlClient;
  readonly error: unknown;
  /** How many attempts in a row have brought nothing. */
  readonly attempts: number;
}

export class LogRecovery {
  readonly #options: LogRecoveryOptions;
  readonly #changes = new Changes();
  #nodes: ReadonlyMap<string, NodeObject> = new Map();
  /** Ids of nodes of which it was said that they are away. */
  readonly #away = new Set<string>();

  constructor(options: LogRecoveryOptions) {
    this.#options = options;
  }

  get control(): ControlClient {
    return this.#options.connection.control;
  }

  /** Takes notice of the nodes as they are now, and says which of those with one of these containers are away, or back. */
  noteNodes(nodes: Iterable<NodeObject>, tasks: readonly TaskObject[]): void {
    this.#nodes = new Map(Array.from(nodes, (node) => [node.id, node]));
    const hosts = new Set(tasks.map(({ nodeId }) => nodeId));
    for (const node of this.#nodes.values()) {
      if (node.state === 'down' && hosts.has(node.id)) this.#noteAway(node);
      if (node.state === 'ready') this.noteBack(node.id);
    }
    this.#changes.note();
  }

  /** Something has come from the node. */
  noteBack(nodeId: string | null): void {
    if (nodeId === null || !this.#away.delete(nodeId)) return;
    writeWarnings(this.#options.io, [`node ${this.#hostname(nodeId)} is back`]);
  }

  /** Resolves to true when it may be tried again, and to false when that is of no use. Rejects when the daemon stays away. */
  async recover({ task, control, error, attempts }: BrokenLog): Promise<boolean> {
    const { connection, over } = this.#options;
    if (over.aborted || !isCut(error)) return false;
    if (!(await connection.works(control))) {
      await connection.restored(control, error);
      return !over.aborted;
    }
    const { nodeId } = task;
    if (nodeId === null) return false;
    const node = this.#nodes.get(nodeId);
    if (attempts > 0 && node !== undefined) this.#noteAway(node);
    // One that was removed from the cluster does not come back.
    if (!(await this.#changes.until(() => this.#nodes.get(nodeId)?.state !== 'down', over))) return false;
    if (this.#nodes.size > 0 && !this.#nodes.has(nodeId)) return false;
    const pauseMs = attempts === 0 ? 0 : Math.min(firstPauseMs * 2 ** attempts, longestPauseMs);
    await delay(pauseMs, undefined, { signal: over }).catch(() => undefined);
    return !over.aborted;
  }

  #noteAway({ id, hostname, state, stateSince }: NodeObject): void {
    if (this.#away.has(id)) return;
    this.#away.add(id);
    const how = state === 'down' ? `is down since ${stateSince}` : `does not answer since ${new Date().toISOString()}`;
    writeWarnings(this.#options.io, [`node ${hostname} ${how}: the output of its containers goes on when it is back`]);
  }

  #hostname(nodeId: string): string {
    return this.#nodes.get(nodeId)?.hostname ?? nodeId;
  }
}
