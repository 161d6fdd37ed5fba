import type { ReservationsSpec } from '../../../model/deploy-spec.ts';
import { mayRun } from '../../tasks/task-phase.ts';
import type { Filter, Placement } from './filter.ts';

/** `deploy.resources.reservations`: what other tasks have reserved of a node is theirs. */
export const reservations: Filter = {
  name: 'reservations',
  check: (placement) => lacking(placement) === undefined,
  explain: (placement) => `without ${lacking(placement) ?? ''}`,
};

function lacking(placement: Placement): string | undefined {
  const { task, node } = placement;
  const { cpus, memoryBytes, generic } = task.spec.deploy.reservations;
  const [kind] = Object.keys(generic);
  // Nodes cannot say yet that they have such resources, so none has.
  if (kind !== undefined) return `${generic[kind] ?? 1} of the generic resource ${kind}`;
  if (cpus !== null && cpus > node.description.cpus - reserved(placement, 'cpus')) return `${cpus} CPUs to reserve`;
  if (memoryBytes !== null && memoryBytes > node.description.memoryBytes - reserved(placement, 'memoryBytes')) {
    return `${memoryBytes} bytes of memory to reserve`;
  }
  return undefined;
}

function reserved({ task, node, view }: Placement, resource: keyof Omit<ReservationsSpec, 'generic'>): number {
  const others = view.all('task').filter(({ id, nodeId }) => nodeId === node.id && id !== task.id);
  const amounts = others.filter(mayRun).map(({ spec }) => spec.deploy.reservations[resource] ?? 0);
  return amounts.reduce((sum, amount) => sum + amount, 0);
}
