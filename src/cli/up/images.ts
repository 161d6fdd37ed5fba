/** What `up` does about images before and after the daemon has made the stack so. */
import type { TaskObject } from '../../model/objects.ts';
import type { StackSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { isLocalImage, withTag } from '../output/image-reference.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
import { readDocuments } from '../streams/open-stream.ts';
import { pullImage } from '../streams/pull-image.ts';

/** Pulls the images that are to be pulled every time: a container that runs already would otherwise never get the new one. */
export async function pullEachTime(
  control: ControlClient,
  spec: StackSpec,
  options: { readonly limit: number; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const services = Object.values(spec.services).filter(
    ({ pullPolicy, image }) => pullPolicy === 'always' && !isLocalImage(image),
  );
  const references = [...new Set(services.map(({ image }) => image))];
  await forEachLimited(references, options.limit, (reference) =>
    pullImage(control, reference, 'always', options.progress, options.signal),
  );
}

/** Containers that run another image than their reference means by now, after a `pull`, `load` or `import`. */
export async function tasksWithOldImage(
  control: ControlClient,
  tasks: readonly TaskObject[],
): Promise<readonly TaskObject[]> {
  const candidates = tasks.filter(({ spec, status }) => status.container !== null && !isLocalImage(spec.image));
  if (candidates.length === 0) return [];
  const idOf = new Map<string, string>();
  for await (const { images } of readDocuments(control, 'image.list', {})) {
    for (const image of images) for (const reference of image.references) idOf.set(reference, image.id);
  }
  return candidates.filter(({ spec, status }) => {
    const current = idOf.get(withTag(spec.image));
    return current !== undefined && current !== status.container?.imageId;
  });
}
