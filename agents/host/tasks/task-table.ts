import { endpointsId } from '../../../src/model/endpoints.ts';
import { once } from 'node:events';
import type { NetworkObject, TaskObject } from '../../../src/model/objects.ts';
import type { AssignmentsMessage } from '../../../src/rpc/messages.ts';
import { allEnded } from '../all-ended.ts';
import { Changes } from '../../../src/model/changes.ts';
import { removeEmptyCgroups } from '../containers/cgroup-remains.ts';
import { describeError, NotOnThisHostError } from '../errors.ts';
import type { AssignedObjects, AssignmentChange } from './assigned-objects.ts';
import type { SpannedNetwork } from '../networks/overlay-service.ts';
import type { EndpointReporter } from '../session/endpoint-reporter.ts';
import { NetworkChanges } from './network-changes.ts';
import { SharedRemovals } from './shared-removals.ts';
import type { HeldObjects, TaskHost } from './task-host.ts';
import { loadTaskRecords } from './task-record.ts';
import type { TaskRecord } from './task-record.ts';
import { TaskWorker } from './task-worker.ts';

type EndpointsInEffect = Pick<EndpointReporter, 'note'>;

/** How long a stream waits for the task that it is about. */
const arrivalMs = 5000;

/** All tasks of this host, each with its worker. */
export class TaskTable implements HeldObjects {
  readonly #host: TaskHost;
  readonly #assigned: AssignedObjects;
  readonly #workers = new Map<string, TaskWorker>();
  readonly #arrivals = new Changes();
  readonly #removals: SharedRemovals;
  readonly #networkChanges: NetworkChanges;

  constructor(host: TaskHost, assigned: AssignedObjects) {
    this.#host = host;
    this.#assigned = assigned;
    this.#removals = new SharedRemovals(host, assigned, this);
    this.#networkChanges = new NetworkChanges(host.log);
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
    const { names, networks } = this.#host;
    for (const { network, endpoints } of networks.spanned)
      void this.#networkChanges.make(network, () => names.setEndpoints(network, endpoints));
  }

  /** The worker of a task. */
  get(taskId: string): TaskWorker {
    const worker = this.#workers.get(taskId);
    if (worker === undefined) throw new NotOnThisHostError(`container ${taskId.slice(0, 12)}`);
    return worker;
  }

  /** The worker of a task that may be on its way: streams and assignments come by different ways. */
  async arrived(taskId: string, signal: AbortSignal, withinMs = arrivalMs): Promise<TaskWorker> {
    await this.#arrivals.until(
      () => this.#workers.has(taskId),
      AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
    );
    return this.get(taskId);
  }

  get ids(): readonly string[] {
    return [...this.#workers.keys()];
  }

  get records(): readonly TaskRecord[] {
    return Array.from(this.#workers.values(), ({ record }) => record);
  }

  /** Networks that tasks of this host are on, or that it is on itself. */
  get networks(): readonly NetworkObject[] {
    const own = this.records.flatMap(({ networks }) => networks);
    const all = [...own, ...this.#host.networks.spanned.map(({ network }) => network)];
    return [...new Map(all.map((network) => [network.id, network])).values()];
  }

  /** Names of the containers made from an image, or with a mount of it. */
  usersOf(imageId: string): readonly string[] {
    const isUsedBy = ({ prepared }: TaskRecord): boolean =>
      prepared !== null && (prepared.imageId === imageId || Object.values(prepared.mountedImages).includes(imageId));
    return this.records.filter(isUsedBy).map(({ task }) => task.containerName);
  }

  /**
   * Takes an assignment in. What a full one does not mention is removed only with `mayRemove`: when it comes from the store
   * that this host knows; else it is left alone. `inEffect` hears which endpoints are in effect.
   */
  apply(message: AssignmentsMessage, mayRemove: boolean, inEffect: EndpointsInEffect): void {
    const change = this.#assigned.apply(message, mayRemove);
    for (const task of change.tasks) this.#assign(task);
    for (const id of change.removedTasks) this.#drop(id);
    if (change.full) this.#dropAbsent(mayRemove);
    this.#connect(change, change.full && mayRemove, inEffect);
    this.#removals.apply(change, change.full && mayRemove);
  }

  /** What was left alone for being unknown to a store is no more: that store counts. */
  attachAll(): void {
    for (const worker of this.#workers.values()) if (worker.record.detached) worker.attach();
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

  /** Removes an anonymous volume of a task, unless others have borrowed it: then it goes with the last of them. */
  async removeAnonymousVolume(name: string, taskId: string): Promise<void> {
    await this.#removals.removeAnonymousVolume(name, taskId);
  }

  /** Stops working when what is being removed is gone; containers run on. */
  async release(): Promise<void> {
    this.#networkChanges.stop();
    await Promise.all([this.#removals.settled(), ...Array.from(this.#workers.values(), (worker) => worker.release())]);
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
  #connect({ endpoints, removedEndpoints }: AssignmentChange, isComplete: boolean, inEffect: EndpointsInEffect): void {
    const { networks } = this.#host;
    const lonely = new Set(removedEndpoints);
    const known = networks.spanned.map(({ network }) => network);
    if (isComplete) for (const { id } of known) if (!this.#assigned.has(endpointsId(id))) lonely.add(id);
    for (const spanned of endpoints)
      void this.#networkChanges.make(spanned.network, () => this.#follow(spanned, inEffect));
    for (const network of known.filter(({ id }) => lonely.has(id))) {
      void this.#networkChanges.make(network, () =>
        allEnded([this.#host.names.setEndpoints(network, null), networks.removeEndpoints(network.id)]),
      );
    }
  }

  async #follow({ network, endpoints }: SpannedNetwork, inEffect: EndpointsInEffect): Promise<void> {
    const { names, networks } = this.#host;
    await allEnded([names.setEndpoints(network, endpoints), networks.setEndpoints(network, endpoints)]);
    inEffect.note(network.id, endpoints.version);
  }

  #add(worker: TaskWorker): void {
    const { id } = worker.task;
    this.#workers.set(id, worker);
    this.#arrivals.note();
    worker.ended.addEventListener('abort', () => this.#onEnded(id), { once: true });
  }

  #onEnded(taskId: string): void {
    this.#workers.delete(taskId);
    // At once, not when the daemon stops: it may be killed.
    if (this.#workers.size === 0) this.#removeEmptyCgroups();
    this.#removals.onTaskGone();
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
