import { hostSharedMemory } from '../containers/mounts.ts';
import { ContainerStateError } from '../errors.ts';
import type { HostPaths } from '../host-paths.ts';
import type { LentMount } from './lent-mounts.ts';
import type { SharedIpc } from './shared-namespaces.ts';
import type { TaskWorker } from './task-worker.ts';

/** How long a task waits for another one whose namespaces or mounts it shares. */
const sharedMs = 60_000;

/** Finds the worker of a task that may be on its way. */
type FindTask = (taskId: string, signal: AbortSignal, withinMs: number) => Promise<TaskWorker>;

/** What the containers of one host have of each other. Everything waits for the other one, and rejects when that does not come in time. */
export class TaskSharing {
  readonly #paths: HostPaths;
  readonly #find: FindTask;

  constructor(paths: HostPaths, find: FindTask) {
    this.#paths = paths;
    this.#find = find;
  }

  /** Resolves to a task's network namespace when that has been made; null = the host's. */
  async networkNamespaceOf(taskId: string, signal: AbortSignal): Promise<string | null> {
    const worker = await this.#find(taskId, signal, sharedMs);
    const { spec, sharedTasks } = worker.task;
    if (spec.networkMode.kind === 'host') return null;
    if (sharedTasks.network !== null) return this.networkNamespaceOf(sharedTasks.network, signal);
    await worker.networkReady(withDeadline(signal));
    return this.#paths.container(taskId).networkNamespace;
  }

  /** Resolves when a task's container has been made, to where its first process is to be found in /proc, also after a restart. */
  async processOf(taskId: string, signal: AbortSignal): Promise<string> {
    const worker = await this.#find(taskId, signal, sharedMs);
    await worker.created(withDeadline(signal));
    if (worker.container.phase === 'exited' || worker.container.phase === 'lost') {
      throw new ContainerStateError(worker.task.containerName, 'does not run');
    }
    return this.#paths.container(taskId).process;
  }

  /** The same with what the task has as its /dev/shm. */
  async ipcOf(taskId: string, signal: AbortSignal): Promise<SharedIpc> {
    const { containerName, spec, sharedTasks } = (await this.#find(taskId, signal, sharedMs)).task;
    const { kind } = spec.namespaces.ipc;
    if (kind === 'private' || kind === 'none') {
      const reason = `has ipc: ${kind}, which nobody can join`;
      throw new ContainerStateError(containerName, reason, 'write ipc: shareable for it');
    }
    const process = await this.processOf(taskId, signal);
    if (kind === 'host') return { process, memory: hostSharedMemory };
    if (sharedTasks.ipc !== null) return { process, memory: (await this.ipcOf(sharedTasks.ipc, signal)).memory };
    return { process, memory: this.#paths.container(taskId).sharedMemory };
  }

  /** The mounts that others may have from a task, when that has been prepared; it need not run. */
  async lentMountsOf(taskId: string, signal: AbortSignal): Promise<readonly LentMount[]> {
    const worker = await this.#find(taskId, signal, sharedMs);
    await worker.networkReady(withDeadline(signal));
    return worker.record.prepared?.lent ?? [];
  }
}

function withDeadline(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(sharedMs)]);
}
