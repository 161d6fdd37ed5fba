import type { NodeObject, TaskObject } from '../../model/objects.ts';
import { LoadCounter, type NodeLoad } from '../store/node-load.ts';

/** A node while tasks are being placed: what it has, and what was given away in this pass. */
export class NodeRoom implements NodeLoad {
  readonly node: NodeObject;
  /** Place of the node's id among all: numbers are compared more quickly. */
  readonly order: number;
  readonly #stored: NodeLoad;
  readonly #added = new LoadCounter();

  constructor(node: NodeObject, order: number, stored: NodeLoad) {
    this.node = node;
    this.order = order;
    this.#stored = stored;
  }

  get tasks(): number {
    return this.#stored.tasks + this.#added.tasks;
  }

  get nanoCpus(): number {
    return this.#stored.nanoCpus + this.#added.nanoCpus;
  }

  get memoryBytes(): number {
    return this.#stored.memoryBytes + this.#added.memoryBytes;
  }

  replicasOf(service: string): number {
    return this.#stored.replicasOf(service) + this.#added.replicasOf(service);
  }

  genericOf(kind: string): number {
    return this.#stored.genericOf(kind) + this.#added.genericOf(kind);
  }

  isNameTaken(kind: string, name: string): boolean {
    return this.#stored.isNameTaken(kind, name) || this.#added.isNameTaken(kind, name);
  }

  isPortTaken(port: string): boolean {
    return this.#stored.isPortTaken(port) || this.#added.isPortTaken(port);
  }

  /** The task is placed here. */
  add(task: TaskObject): void {
    this.#added.add(task);
  }
}
