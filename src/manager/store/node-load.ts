/** What the tasks on a node take of it. */
import type { TaskObject } from '../../model/objects.ts';
import { hasEnded, isLeaving } from '../tasks/task-phase.ts';

/** What placement asks of a node. Tasks that have ended hold nothing; those that leave hold what they have until they have ended. */
export interface NodeLoad {
  /** Tasks that are to stay. */
  readonly tasks: number;
  /** Reserved processors in billionths: whole numbers add up without a rest. */
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  /** Containers of a service that are to stay, without one-offs; the key is serviceKeyOf. */
  replicasOf(service: string): number;
  /** How many of a generic resource are taken. */
  genericOf(kind: string): number;
  isNameTaken(kind: string, name: string): boolean;
  /** Whether a task publishes that port on the node itself; the key is hostPortsOf. */
  isPortTaken(port: string): boolean;
}

/** Under which replicas of a service are counted. */
export function serviceKeyOf({ stack, service }: Pick<TaskObject, 'stack' | 'service'>): string {
  return `${stack}/${service}`;
}

/** Single ports that a task publishes on its node itself, as `tcp/8080`. Of ranges the agent takes what is free. */
export function hostPortsOf({ spec }: Pick<TaskObject, 'spec'>): readonly string[] {
  return spec.ports.flatMap(({ mode, protocol, published }) => {
    const isSingle = published !== null && published.from === published.to;
    return mode === 'host' && isSingle ? [`${protocol}/${published.from}`] : [];
  });
}

/** Processors in billionths. */
export function toNanoCpus(cpus: number): number {
  return Math.round(cpus * 1e9);
}

/** A load that grows and shrinks with the tasks of its node. */
export class LoadCounter implements NodeLoad {
  tasks = 0;
  nanoCpus = 0;
  memoryBytes = 0;
  readonly #replicas = new Map<string, number>();
  /** Of generic resources, their names, and ports; few nodes have any. */
  readonly #others = new Map<string, number>();

  replicasOf(service: string): number {
    return this.#replicas.get(service) ?? 0;
  }

  genericOf(kind: string): number {
    return this.#others.get(`generic ${kind}`) ?? 0;
  }

  isNameTaken(kind: string, name: string): boolean {
    return this.#others.has(`name ${kind} ${name}`);
  }

  isPortTaken(port: string): boolean {
    return this.#others.has(`port ${port}`);
  }

  add(task: TaskObject): void {
    this.#note(task, 1);
  }

  remove(task: TaskObject): void {
    this.#note(task, -1);
  }

  #note(task: TaskObject, sign: 1 | -1): void {
    if (!isLeaving(task)) {
      this.tasks += sign;
      if (task.oneOff === null) count(this.#replicas, serviceKeyOf(task), sign);
    }
    if (hasEnded(task)) return;
    const { cpus, memoryBytes } = task.spec.deploy.reservations;
    this.nanoCpus += sign * toNanoCpus(cpus ?? 0);
    this.memoryBytes += sign * (memoryBytes ?? 0);
    for (const port of hostPortsOf(task)) count(this.#others, `port ${port}`, sign);
    for (const [kind, taken] of Object.entries(task.genericResources)) {
      count(this.#others, `generic ${kind}`, sign * (typeof taken === 'number' ? taken : taken.length));
      if (typeof taken !== 'number') for (const name of taken) count(this.#others, `name ${kind} ${name}`, sign);
    }
  }
}

function count(counts: Map<string, number>, key: string, difference: number): void {
  const sum = (counts.get(key) ?? 0) + difference;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
