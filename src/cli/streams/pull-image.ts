import type { PullPolicy } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { layerEvent } from './image-progress.ts';
import { readDocuments } from './open-stream.ts';

/** Pulls one image, showing its layers on the way. Throws when it cannot be had. */
export async function pullImage(
  control: ControlClient,
  reference: string,
  policy: Exclude<PullPolicy, 'never'>,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const id = `Image ${reference}`;
  // Whether an image is too old is known only where it is.
  let isPulled = typeof policy === 'string';
  if (isPulled) progress.event({ id, state: 'working', text: 'Pulling' });
  try {
    for await (const document of readDocuments(control, 'image.pull', { reference, policy }, { signal })) {
      isPulled = true;
      progress.event(layerEvent(reference, document));
    }
    if (isPulled) progress.event({ id, state: 'done', text: 'Pulled' });
  } catch (error) {
    progress.event({ id, state: 'error', text: 'Error', details: (error as Error).message });
    throw error;
  }
}
