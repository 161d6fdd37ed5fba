import type { NetworkObject, PayloadObject, TaskObject, VolumeObject } from '../../model/objects.ts';
import { volumesOf } from '../scheduler/volumes-of.ts';
import { findNetwork, findPayloads } from '../stacks/find-resources.ts';
import type { StoreView } from '../store/object-index.ts';

/** Containers, running or not, that use the network, volume, secret or config. */
export function usersOf(view: StoreView, object: NetworkObject | VolumeObject | PayloadObject): readonly TaskObject[] {
  return view.all('task').filter((task) => uses(view, task, object));
}

function uses(view: StoreView, task: TaskObject, object: NetworkObject | VolumeObject | PayloadObject): boolean {
  const { networks, container } = task.spec;
  switch (object.kind) {
    case 'network':
      return (
        task.attachments.some(({ networkId }) => networkId === object.id) ||
        networks.some(({ network }) => findNetwork(view, task.stack, network)?.id === object.id)
      );
    case 'volume':
      return volumesOf(view, task).some(({ id }) => id === object.id);
    case 'secret':
    case 'config': {
      const mounted = object.kind === 'secret' ? container.secrets : container.configs;
      return mounted.some(({ source }) =>
        findPayloads(view, object.kind, task.stack, source).some(({ id }) => id === object.id),
      );
    }
  }
}
