import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { layerEvent } from './image-progress.ts';
import { readDocuments } from './open-stream.ts';

/** Pulls one image, showing its layers on the way. Throws when it cannot be had. */
export async function pullImage(
  control: ControlClient,
  reference: string,
  policy: 'always' | 'missing',
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const id = `Image ${reference}`;
  progress.event({ id, state: 'working', text: 'Pulling' });
  try {
    for await (const document of readDocuments(control, 'image.pull', { reference, policy }, { signal })) {
      progress.event(layerEvent(reference, document));
    }
    progress.event({ id, state: 'done', text: 'Pulled' });
  } catch (error) {
    progress.event({ id, state: 'error', text: 'Error', details: (error as Error).message });
    throw error;
  }
}
