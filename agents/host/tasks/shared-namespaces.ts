import type { SharedTasks, TaskObject } from '../../../src/model/objects.ts';
import { TaskError } from '../errors.ts';
import type { TaskWorker } from './task-worker.ts';

/** Namespaces of other containers that a container joins; null = its own, or the host's. */
export interface SharedNamespaces {
  /** Network namespace. */
  readonly network: string | null;
  /** Place in /proc of the first process whose pid namespace is joined. */
  readonly pid: string | null;
  readonly ipc: SharedIpc | null;
}

/** An ipc namespace and what belongs to it. */
export interface SharedIpc {
  /** Place in /proc of the first process in it. */
  readonly process: string;
  /** Path on the host of what is /dev/shm there. */
  readonly memory: string;
}

type Namespace = Exclude<keyof SharedTasks, 'volumes'>;

/** Waits until the containers that a task shares namespaces with have been made. */
export async function findSharedNamespaces(worker: TaskWorker, signal: AbortSignal): Promise<SharedNamespaces> {
  const { sharing } = worker.host;
  const find = async <Found>(kind: Namespace, look: (owner: string) => Promise<Found>): Promise<Found | null> => {
    const owner = ownerOf(worker.task, kind);
    return owner === null ? null : look(owner);
  };
  const [network, pid, ipc] = await Promise.all([
    find('network', (owner) => sharing.networkNamespaceOf(owner, signal)),
    find('pid', (owner) => sharing.processOf(owner, signal)),
    find('ipc', (owner) => sharing.ipcOf(owner, signal)),
  ]);
  return { network, pid, ipc };
}

function ownerOf({ spec, sharedTasks }: TaskObject, kind: Namespace): string | null {
  const mode = { network: spec.networkMode, pid: spec.namespaces.pid, ipc: spec.namespaces.ipc }[kind];
  if (mode.kind !== 'service' && mode.kind !== 'container') return null;
  const owner = sharedTasks[kind];
  if (owner !== null) return owner;
  const attribute = kind === 'network' ? 'network_mode' : kind;
  throw mode.kind === 'service'
    ? new TaskError('not-found', `${attribute}: service:${mode.service}: that service has no container`)
    : new TaskError('not-found', `${attribute}: container:${mode.container}: there is no such container`);
}
