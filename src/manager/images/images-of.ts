import { imageName, isDirectoryImage } from '../../model/image-name.ts';
import type { ImageObject, TaskObject } from '../../model/objects.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { ObjectLookup, StoreView } from '../store/object-index.ts';

/** Names of the images that containers of the service are made from or have mounted. */
export function imagesOf({ image, container }: Pick<ServiceSpec, 'image' | 'container'>): readonly string[] {
  const mounted = container.mounts.flatMap((mount) => (mount.type === 'image' ? [mount.image] : []));
  return [image, ...mounted].filter((reference) => !isDirectoryImage(reference)).map(imageName);
}

/** Tasks by which a node may ask for the image of that name. */
export function needs(view: StoreView, nodeId: string, name: string): boolean {
  return neededImages(view, nodeId).includes(name);
}

/** Names of the images that tasks of the node need, or are to be had ready for those that will take their places. */
export function neededImages(view: StoreView, nodeId: string): readonly string[] {
  const wanted = view.tasksOfNode(nodeId).filter(isWanted);
  return wanted.flatMap(({ spec, successor }) => [...imagesOf(spec), ...(successor?.images ?? [])]);
}

function isWanted({ desired }: TaskObject): boolean {
  return desired !== 'remove';
}

/** What the name means in the cluster; undefined before anybody has needed it. */
export function findImage(view: Pick<ObjectLookup, 'named'>, name: string): ImageObject | undefined {
  return view.named('image', name)[0];
}
