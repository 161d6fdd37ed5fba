import type { NetworkObject } from '../../../src/model/objects.ts';
import type { AssignedObjects, AssignmentChange } from './assigned-objects.ts';
import { removeLeftovers } from './leftovers.ts';
import type { HeldObjects, TaskHost } from './task-host.ts';
import type { TaskRecord } from './task-record.ts';

/** What this host holds, with the records of its tasks. */
interface HeldRecords extends HeldObjects {
  readonly records: readonly TaskRecord[];
}

/** Removes networks and volumes that nobody wants any more, one change after the other, once no container of this host uses them. */
export class SharedRemovals {
  readonly #host: TaskHost;
  readonly #assigned: AssignedObjects;
  readonly #held: HeldRecords;
  #removals: Promise<void> = Promise.resolve();
  /** Networks that the manager has deleted and that have not been removed yet: containers on their way out may be on them. */
  readonly #doomedNetworks = new Map<string, NetworkObject>();
  /** Names of volumes that are to go when those who borrow them have gone. */
  readonly #doomedVolumes = new Set<string>();

  constructor(host: TaskHost, assigned: AssignedObjects, held: HeldRecords) {
    this.#host = host;
    this.#assigned = assigned;
    this.#held = held;
  }

  /** Removes what an assignment took away. After a complete one everything goes that it does not mention. */
  apply({ removedNetworks, removedVolumes }: AssignmentChange, isComplete: boolean): void {
    for (const network of removedNetworks) this.#doomedNetworks.set(network.id, network);
    this.#enqueue(() => this.#removeUnassigned(removedVolumes, isComplete));
  }

  /** A task has gone: what it was the last to use may go now. */
  onTaskGone(): void {
    if (this.#doomedNetworks.size > 0) this.#enqueue(() => this.#removeNetworks());
    if (this.#doomedVolumes.size > 0) this.#enqueue(() => this.#removeVolumes());
  }

  /** Removes an anonymous volume of a task, unless others have borrowed it: then it goes with the last of them. */
  async removeAnonymousVolume(name: string, taskId: string): Promise<void> {
    if (this.#isLent(name, taskId)) this.#doomedVolumes.add(name);
    else await this.#host.volumes.remove(name);
  }

  /** Resolves when what has been begun is done. */
  async settled(): Promise<void> {
    await this.#removals;
  }

  #enqueue(work: () => Promise<unknown>): void {
    this.#removals = this.#removals.then(work).then(
      () => undefined,
      (error: unknown) => this.#host.log(`remove what is no longer assigned: ${String(error)}`),
    );
  }

  async #removeUnassigned(volumes: readonly string[], isComplete: boolean): Promise<void> {
    const managed =
      volumes.length > 0 || isComplete ? await this.#host.volumes.listManaged() : new Map<string, string>();
    const doomed = [...managed].filter(([id]) => (isComplete ? !this.#assigned.has(id) : volumes.includes(id)));
    // A daemon that was killed meanwhile does not know any more who waits for whom.
    const lent = doomed.filter(([, name]) => this.#isLent(name));
    for (const [, name] of lent) this.#doomedVolumes.add(name);
    const free = doomed.filter(([, name]) => !this.#doomedVolumes.has(name));
    await Promise.all([
      this.#removeNetworks(),
      ...free.map(([id, name]) => this.#host.volumes.removeManaged(name, id)),
      isComplete ? removeLeftovers(this.#host, this.#held) : undefined,
    ]);
  }

  async #removeVolumes(): Promise<void> {
    const free = [...this.#doomedVolumes].filter((name) => !this.#isLent(name));
    for (const name of free) this.#doomedVolumes.delete(name);
    await Promise.all(free.map((name) => this.#host.volumes.remove(name)));
  }

  async #removeNetworks(): Promise<void> {
    const used = new Set(this.#held.networks.map(({ id }) => id));
    const unused = [...this.#doomedNetworks.values()].filter(({ id }) => !used.has(id) && !this.#assigned.has(id));
    await Promise.all(
      unused.map(async (network) => {
        await this.#host.networks.removeNetwork(network);
        // It may have been assigned anew and deleted again meanwhile: then there is another one to remove.
        if (this.#doomedNetworks.get(network.id) === network) this.#doomedNetworks.delete(network.id);
      }),
    );
  }

  #isLent(name: string, exceptTaskId?: string): boolean {
    const others = this.#held.records.filter(({ task }) => task.id !== exceptTaskId);
    return others.some(({ prepared }) => prepared?.borrowed.some(({ volume }) => volume?.name === name) === true);
  }
}
