import { imageName } from '../../model/image-name.ts';
import type { ImageObject, TaskObject } from '../../model/objects.ts';
import { findImage } from '../images/images-of.ts';
import { architectureOf } from '../scheduler/node-attributes.ts';
import type { ObjectLookup } from '../store/object-index.ts';

/** Digits of a digest that tell images apart for people. */
const shownDigits = 12;

/**
 * `image: sha256:aaa -> sha256:bbb` when the name that the container was made from, or that of an image it has mounted, means another image by now,
 * else null. In a cluster the cluster decides what names mean; on a lone host, the host.
 */
export function imageChange(view: ObjectLookup, { nodeId, status: { container } }: TaskObject): string | null {
  if (container === null) return null;
  const { imageId, imageReference, currentImageId, movedMounts } = container;
  const known = findImage(view, imageName(imageReference));
  const current = known !== undefined && isFor(view, known, nodeId) ? known.imageId : currentImageId;
  // A name that is gone, or was not looked up yet, asks for nothing.
  if (current !== null && current !== imageId) return `image: ${shorten(imageId)} -> ${shorten(current)}`;
  const [moved] = movedMounts;
  if (moved === undefined) return null;
  return `volumes: image ${moved.reference}: ${shorten(moved.imageId)} -> ${shorten(moved.currentImageId)}`;
}

/** On a node of another platform the same name is another image. */
function isFor(view: ObjectLookup, { platform }: ImageObject, nodeId: string | null): boolean {
  const node = nodeId === null ? undefined : view.get('node', nodeId);
  return node !== undefined && platform.split('/')[1] === architectureOf(node.description.architecture);
}

function shorten(digest: string): string {
  return digest.slice(0, 'sha256:'.length + shownDigits);
}
