import type { FoundImage } from '../../model/found-image.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';

/** More nodes than these need not be asked one after the other. */
const maxHolders = 16;

export interface WantedImage {
  readonly imageId: string;
  /** The node that had it when its name was decided; null = not known. */
  readonly origin: string | null;
  /** The node that needs it. */
  readonly asking: string;
}

/** Who can be asked for an image: its origin, nodes with containers of it, then any other node, which may have it from earlier. */
export function describeHolders(
  view: StoreView,
  { imageId, origin, asking }: WantedImage,
  isConnected: (nodeId: string) => boolean,
): Pick<FoundImage, 'holders' | 'absent'> {
  const used = view
    .all('task')
    .flatMap((task) => (task.status.container?.imageId === imageId ? (task.nodeId ?? []) : []));
  const likely = new Set([...(origin === null ? [] : [origin]), ...used].filter((id) => id !== asking));
  const others = view.all('node').flatMap(({ id }) => (likely.has(id) || id === asking ? [] : [id]));
  const holders = [...likely, ...others].filter(isConnected).slice(0, maxHolders);
  const absent = [...likely].filter((id) => !isConnected(id)).flatMap((id) => view.get('node', id) ?? []);
  return {
    holders: holders.map((nodeId) => ({ nodeId, hostname: view.get('node', nodeId)?.hostname ?? nodeId })),
    absent: absent.map(describeAbsence).join(', '),
  };
}

function describeAbsence({ hostname, state, stateSince }: NodeObject): string {
  return state === 'down' ? `${hostname}, which is down since ${stateSince}` : `${hostname}, which is not connected`;
}
