import type { StackSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { isLocalImage } from '../output/image-reference.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
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
