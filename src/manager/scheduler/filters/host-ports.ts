import { hostPortsOf } from '../../store/node-load.ts';
import type { Filter, Placement } from './filter.ts';

/** Ports that are published with `mode: host`: each is there once on a node. */
export const hostPorts: Filter = {
  name: 'host-ports',
  looksAt: 'load',
  check: (placement) => takenPort(placement) === undefined,
  explain: (placement) => `with host port ${takenPort(placement)?.split('/').toReversed().join('/') ?? ''} in use`,
};

/** Those of the container whose place it takes are handed over. */
function takenPort({ task, node, load, pins: { replaced } }: Placement): string | undefined {
  const inherited = replaced?.nodeId === node.id ? replaced.ports : [];
  return hostPortsOf(task).find((port) => load.isPortTaken(port) && !inherited.includes(port));
}
