import type { TaskObject } from '../../model/objects.ts';

/** Digits of a digest that tell images apart for people. */
const shownDigits = 12;

/** `image: sha256:aaa -> sha256:bbb` when the name that the container was made from, or that of an image it has mounted, means another image by now, else null. */
export function imageChange({ status: { container } }: Pick<TaskObject, 'status'>): string | null {
  if (container === null) return null;
  const { imageId, currentImageId, movedMounts } = container;
  // A name that is gone, or was not looked up yet, asks for nothing.
  if (currentImageId !== null && currentImageId !== imageId)
    return `image: ${shorten(imageId)} -> ${shorten(currentImageId)}`;
  const [moved] = movedMounts;
  if (moved === undefined) return null;
  return `volumes: image ${moved.reference}: ${shorten(moved.imageId)} -> ${shorten(moved.currentImageId)}`;
}

function shorten(digest: string): string {
  return digest.slice(0, 'sha256:'.length + shownDigits);
}
