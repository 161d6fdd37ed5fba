import { endpointsId } from '../../../src/model/endpoints.ts';
import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import { once } from 'node:events';
import type { NetworkObject, TaskObject } from '../../../src/model/objects.ts';
import type { AssignmentsMessage } from '../../../src/rpc/messages.ts';
import { abortable } from '../abortable.ts';
import { removeEmptyCgroups } from '../containers/cgroup-remains.ts';
import { ContainerStateError, describeError, NotOnThisHostError } from '../errors.ts';
import type { AssignedObjects, AssignmentChange } from './assigned-objects.ts';
import { removeLeftovers } from './leftovers.ts';
import type { LentMount } from './lent-mounts.ts';
import type { HeldObjects, TaskHost } from './task-host.ts';
import { hostSharedMemory } from '../containers/mounts.ts';
import type { SharedIpc } from './shared-namespaces.ts';
import { loadTaskRecords } from './task-record.ts';
import type { PreparedContainer } from './task-record.ts';
import { TaskWorker } from './task-worker.ts';

/** How long a task waits for the namespaces of another one that it shares. */
const sharedMs = 60_000;

/** How long a stream waits for the task that it is about. */
const arrivalMs = 5000;

/** All tasks of this host, each with its worker. */
export class TaskTable implements HeldObjects {
  readonly #host: TaskHost;
  readonly #assigned: AssignedObjects;
  readonly #workers = new Map<string, TaskWorker>();
  #arrival: PromiseWithResolvers<void> | null = null;
  /** Removals of networks and volumes, one after the other. */
  #removals: Promise<void> = Promise.resolve();
  /** Networks that the manager has deleted and that have not been removed yet: containers on their way out may be on them. */
  readonly #doomedNetworks = new Map<string, NetworkObject>();
  /** Names of anonymous volumes that are to go when those who borrow them have gone. */
  readonly #doomedVolumes = new Set<string>();

  constructor(host: TaskHost, assigned: AssignedObjects) {
    this.#host = host;
    this.#assigned = assigned;
  }

  /** Takes up what an earlier daemon held, before any manager is asked. */
  adopt(): void {
    const workers = loadTaskRecords(this.#host.paths.containersData).map(
      (record) => new TaskWorker(this.#host, record),
    );
    // One that was killed when it held nothing any more may not have come to it.
    if (workers.length === 0) this.#removeEmptyCgroups();
    for (const worker of workers) this.#add(worker);
    for (const worker of workers) worker.run(true);
    for (const { network, endpoints } of this.#host.networks.spanned) this.#setNames(network, endpoints);
  }

  /** The worker of a task. */
  get(taskId: string): TaskWorker {
    const worker = this.#workers.get(taskId);
    if (worker === undefined) throw new NotOnThisHostError(`container ${taskId.slice(0, 12)}`);
    return worker;
  }

  /** The worker of a task that may be on its way: streams and assignments come by different ways. */
  async arrived(taskId: string, signal: AbortSignal, withinMs = arrivalMs): Promise<TaskWorker> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
    while (!this.#workers.has(taskId) && !over.aborted) {
      this.#arrival ??= Promise.withResolvers<void>();
      await abortable(this.#arrival.promise, over).catch(() => undefined);
    }
    return this.get(taskId);
  }

  get ids(): readonly string[] {
    return [...this.#workers.keys()];
  }

  /** Networks that tasks of this host are on, or that it is on itself. */
  get networks(): readonly NetworkObject[] {
    const own = [...this.#workers.values()].flatMap(({ record }) => record.networks);
    const all = [...own, ...this.#host.networks.spanned.map(({ network }) => network)];
    return [...new Map(all.map((network) => [network.id, network])).values()];
  }

  /** Names of the containers made from an image, or with a mount of it. */
  usersOf(imageId: string): readonly string[] {
    const records = Array.from(this.#workers.values(), ({ record }) => record);
    const uses = (prepared: PreparedContainer | null): boolean =>
      prepared !== null && (prepared.imageId === imageId || Object.values(prepared.mountedImages).includes(imageId));
    return records.filter(({ prepared }) => uses(prepared)).map(({ task }) => task.containerName);
  }

  /**
   * Takes an assignment in. What a full one does not mention is removed only with `mayRemove`: when it comes from the store
   * that this host knows; else it is left alone.
   */
  apply(message: AssignmentsMessage, mayRemove: boolean): void {
    const change = this.#assigned.apply(message, mayRemove);
    for (const task of change.tasks) this.#assign(task);
    for (const id of change.removedTasks) this.#drop(id);
    if (change.full) this.#dropAbsent(mayRemove);
    this.#connect(change, change.full && mayRemove);
    for (const network of change.removedNetworks) this.#doomedNetworks.set(network.id, network);
    this.#remove(() => this.#removeShared(change.removedVolumes, change.full && mayRemove));
  }

  /** Ends and removes every container, though nobody asks for that any more. Volumes stay. */
  async removeAll(): Promise<void> {
    const workers = [...this.#workers.values()].filter(({ ended }) => !ended.aborted);
    const gone = workers.map(({ ended }) => once(ended, 'abort'));
    for (const id of this.ids) this.#drop(id);
    await Promise.all(gone);
  }

  /** Names of images on this host have changed. */
  lookAtImages(): void {
    for (const worker of this.#workers.values()) worker.lookAtImage();
  }

  /** Says everything again, to a new session. */
  reportAll(): void {
    for (const worker of this.#workers.values()) worker.report();
  }

  /** Resolves to a task's network namespace when that has been made; null = the host's. */
  async networkNamespaceOf(taskId: string, signal: AbortSignal): Promise<string | null> {
    const { spec, sharedTasks } = (await this.arrived(taskId, signal, sharedMs)).task;
    if (spec.networkMode.kind === 'host') return null;
    if (sharedTasks.network !== null) return this.networkNamespaceOf(sharedTasks.network, signal);
    await this.get(taskId).networkReady(AbortSignal.any([signal, AbortSignal.timeout(sharedMs)]));
    return this.#host.paths.container(taskId).networkNamespace;
  }

  /** Resolves when a task's container has been made, to where its first process is to be found in /proc, also after a restart. */
  async processOf(taskId: string, signal: AbortSignal): Promise<string> {
    const worker = await this.arrived(taskId, signal, sharedMs);
    await worker.created(AbortSignal.any([signal, AbortSignal.timeout(sharedMs)]));
    if (worker.container.phase === 'exited' || worker.container.phase === 'lost') {
      throw new ContainerStateError(worker.task.containerName, 'does not run');
    }
    return this.#host.paths.container(taskId).process;
  }

  /** The same with what the task has as its /dev/shm. */
  async ipcOf(taskId: string, signal: AbortSignal): Promise<SharedIpc> {
    const { containerName, spec, sharedTasks } = (await this.arrived(taskId, signal, sharedMs)).task;
    const { kind } = spec.namespaces.ipc;
    if (kind === 'private' || kind === 'none')
      throw new ContainerStateError(
        containerName,
        `has ipc: ${kind}, which nobody can join`,
        'write ipc: shareable for it',
      );
    const process = await this.processOf(taskId, signal);
    if (kind === 'host') return { process, memory: hostSharedMemory };
    if (sharedTasks.ipc !== null) return { process, memory: (await this.ipcOf(sharedTasks.ipc, signal)).memory };
    return { process, memory: this.#host.paths.container(taskId).sharedMemory };
  }

  /** The mounts that others may have from a task, when that has been prepared; it need not run. */
  async lentMountsOf(taskId: string, signal: AbortSignal): Promise<readonly LentMount[]> {
    const worker = await this.arrived(taskId, signal, sharedMs);
    await worker.networkReady(AbortSignal.any([signal, AbortSignal.timeout(sharedMs)]));
    return worker.record.prepared?.lent ?? [];
  }

  /** Removes an anonymous volume of a task, unless others have borrowed it: then it goes with the last of them. */
  async removeAnonymousVolume(name: string, taskId: string): Promise<void> {
    if (this.#isLent(name, taskId)) this.#doomedVolumes.add(name);
    else await this.#host.volumes.remove(name);
  }

  /** Stops working when what is being removed is gone; containers run on. */
  async release(): Promise<void> {
    await Promise.all([this.#removals, ...Array.from(this.#workers.values(), (worker) => worker.release())]);
  }

  #assign(task: TaskObject): void {
    const networks = this.#assigned.networksOf(task);
    const volumes = this.#assigned.volumesOf(task);
    const known = this.#workers.get(task.id);
    if (known !== undefined) return known.update(task, networks, volumes);
    const { status } = task;
    const record = { version: 1, task, networks, volumes, status, prepared: null, detached: false } as const;
    const worker = new TaskWorker(this.#host, record);
    this.#add(worker);
    worker.update(task, networks, volumes);
    worker.run(false);
  }

  /** An object that the manager deleted, though it did not hear from us that the task is gone: then it has to go now. */
  #drop(taskId: string): void {
    const worker = this.#workers.get(taskId);
    if (worker === undefined) return;
    const { task, networks, volumes } = worker.record;
    worker.update({ ...task, desired: 'remove' }, networks, volumes);
  }

  #dropAbsent(mayRemove: boolean): void {
    for (const [id, worker] of this.#workers) {
      if (this.#assigned.has(id) || worker.record.detached) continue;
      if (mayRemove) {
        this.#drop(id);
      } else {
        worker.detach();
        this.#host.log(
          `the manager's store is not the one known before and lacks container ${worker.task.containerName}: left alone`,
        );
      }
    }
  }

  /** Other hosts of networks come and go. What a complete list does not mention is on this host alone. */
  #connect({ endpoints, removedEndpoints }: AssignmentChange, isComplete: boolean): void {
    const { networks } = this.#host;
    const lonely = new Set(removedEndpoints);
    const known = networks.spanned.map(({ network }) => network);
    if (isComplete) for (const { id } of known) if (!this.#assigned.has(endpointsId(id))) lonely.add(id);
    for (const spanned of endpoints) {
      this.#setNames(spanned.network, spanned.endpoints);
      this.#change(networks.setEndpoints(spanned.network, spanned.endpoints), spanned.network);
    }
    for (const network of known.filter(({ id }) => lonely.has(id))) {
      this.#setNames(network, null);
      this.#change(networks.removeEndpoints(network.id), network);
    }
  }

  #setNames(network: NetworkObject, endpoints: EndpointsObject | null): void {
    this.#change(this.#host.names.setEndpoints(network, endpoints), network);
  }

  #change(work: Promise<void>, { name }: NetworkObject): void {
    work.catch((error: unknown) => this.#host.log(`network ${name}: ${describeError(error).message}`));
  }

  #remove(work: () => Promise<unknown>): void {
    this.#removals = this.#removals.then(work).then(
      () => undefined,
      (error: unknown) => this.#host.log(`remove what is no longer assigned: ${String(error)}`),
    );
  }

  async #removeShared(volumes: readonly string[], isComplete: boolean): Promise<void> {
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
      isComplete ? removeLeftovers(this.#host, this) : undefined,
    ]);
  }

  #isLent(name: string, exceptTaskId?: string): boolean {
    const others = Array.from(this.#workers.values(), ({ record }) => record).filter(
      ({ task }) => task.id !== exceptTaskId,
    );
    return others.some(({ prepared }) => prepared?.borrowed.some(({ volume }) => volume?.name === name) === true);
  }

  async #removeVolumes(): Promise<void> {
    const free = [...this.#doomedVolumes].filter((name) => !this.#isLent(name));
    for (const name of free) this.#doomedVolumes.delete(name);
    await Promise.all(free.map((name) => this.#host.volumes.remove(name)));
  }

  async #removeNetworks(): Promise<void> {
    const used = new Set(this.networks.map(({ id }) => id));
    const unused = [...this.#doomedNetworks.values()].filter(({ id }) => !used.has(id) && !this.#assigned.has(id));
    await Promise.all(
      unused.map(async (network) => {
        await this.#host.networks.removeNetwork(network);
        // It may have been assigned anew and deleted again meanwhile: then there is another one to remove.
        if (this.#doomedNetworks.get(network.id) === network) this.#doomedNetworks.delete(network.id);
      }),
    );
  }

  #add(worker: TaskWorker): void {
    const { id } = worker.task;
    this.#workers.set(id, worker);
    this.#arrival?.resolve();
    this.#arrival = null;
    worker.ended.addEventListener('abort', () => this.#onEnded(id), { once: true });
  }

  #onEnded(taskId: string): void {
    this.#workers.delete(taskId);
    // At once, not when the daemon stops: it may be killed.
    if (this.#workers.size === 0) this.#removeEmptyCgroups();
    if (this.#doomedNetworks.size > 0) this.#remove(() => this.#removeNetworks());
    if (this.#doomedVolumes.size > 0) this.#remove(() => this.#removeVolumes());
  }

  /** Whoever makes a container's cgroup meanwhile makes those above it again (native/box/cgroup-paths.c). */
  #removeEmptyCgroups(): void {
    try {
      removeEmptyCgroups(this.#host.paths.cgroups);
    } catch (error) {
      this.#host.log(`remove empty cgroups: ${describeError(error).message}`);
    }
  }
}
