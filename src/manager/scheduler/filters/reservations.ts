import type { NodeObject } from '../../../model/objects.ts';
import { formatBinaryBytes } from '../../../model/format-bytes.ts';
import { toNanoCpus, type NodeLoad } from '../../store/node-load.ts';
import type { Filter, Placement } from './filter.ts';

/** `deploy.resources.reservations`: what other tasks and the system have reserved of a node is theirs. */
export const reservations: Filter = {
  name: 'reservations',
  looksAt: 'load',
  check: (placement) => lacking(placement) === undefined,
  explain: (placement) => `without ${lacking(placement) ?? ''}`,
};

function lacking({ task, node, load }: Placement): string | undefined {
  const { cpus, memoryBytes, generic } = task.spec.deploy.reservations;
  if (cpus !== null && toNanoCpus(cpus) > freeNanoCpus(node, load)) return `${cpus} CPUs to reserve`;
  if (memoryBytes !== null && memoryBytes > freeMemory(node, load))
    return `${formatBinaryBytes(memoryBytes)} of memory to reserve`;
  for (const [kind, count] of Object.entries(generic)) {
    if (count > freeGeneric(kind, node, load)) return `${count} of the generic resource ${kind}`;
  }
  return undefined;
}

/** Negative when more is reserved than there is: a node may have shrunk. */
export function freeNanoCpus({ description: { cpus, systemReserve } }: NodeObject, load: NodeLoad): number {
  return toNanoCpus(cpus) - toNanoCpus(systemReserve.cpus) - load.nanoCpus;
}

/** In bytes; negative when more is reserved than there is. */
export function freeMemory({ description: { memoryBytes, systemReserve } }: NodeObject, load: NodeLoad): number {
  return memoryBytes - systemReserve.memoryBytes - load.memoryBytes;
}

/** How many of a generic resource are left. */
export function freeGeneric(kind: string, { description }: NodeObject, load: NodeLoad): number {
  const all = description.genericResources[kind] ?? 0;
  return (typeof all === 'number' ? all : all.length) - load.genericOf(kind);
}
