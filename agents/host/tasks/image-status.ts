import type { ContainerStatus } from '../../../src/model/objects.ts';
import type { TaskImages } from './task-host.ts';
import type { PreparedContainer, TaskRecord } from './task-record.ts';

/** What the names of a container's images mean by now. */
export type ImageStatus = Pick<ContainerStatus, 'imageReference' | 'currentImageId' | 'movedMounts'>;

/** While it is not known what images this host has, what was told before. */
export function imageStatus(
  { task, status }: Pick<TaskRecord, 'task' | 'status'>,
  { imageId, mountedImages }: PreparedContainer,
  images: Pick<TaskImages, 'currentId'>,
): ImageStatus {
  const imageReference = task.spec.image;
  const currentImageId = images.currentId(imageReference);
  if (currentImageId !== undefined) {
    return { imageReference, currentImageId, movedMounts: movedImages(mountedImages, images) };
  }
  const known = status.container;
  return {
    imageReference,
    currentImageId: known?.currentImageId ?? imageId,
    movedMounts: known?.movedMounts ?? [],
  };
}

/** Of images by the references that they had, those whose references mean other images now. A name that is gone asks for nothing. */
function movedImages(
  known: Readonly<Record<string, string>>,
  images: Pick<TaskImages, 'currentId'>,
): ContainerStatus['movedMounts'] {
  return Object.entries(known).flatMap(([reference, imageId]) => {
    const currentImageId = images.currentId(reference) ?? imageId;
    return currentImageId === imageId ? [] : [{ reference, imageId, currentImageId }];
  });
}
