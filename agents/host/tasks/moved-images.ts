import type { ContainerStatus } from '../../../src/model/objects.ts';
import type { TaskImages } from './task-host.ts';

/** Of images by the references that they had, those whose references mean other images now. A name that is gone asks for nothing. */
export function movedImages(
  known: Readonly<Record<string, string>>,
  images: Pick<TaskImages, 'currentId'>,
): ContainerStatus['movedMounts'] {
  return Object.entries(known).flatMap(([reference, imageId]) => {
    const currentImageId = images.currentId(reference) ?? imageId;
    return currentImageId === imageId ? [] : [{ reference, imageId, currentImageId }];
  });
}
