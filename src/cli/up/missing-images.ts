import { TsstackError } from '../../model/errors.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { isLocalImage } from '../output/image-reference.ts';
import { located } from '../project/locate-error.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
import { callStream, readDocuments } from '../streams/open-stream.ts';
import { pullImage } from '../streams/pull-image.ts';
import { listNodes } from '../tasks/list-tasks.ts';

export interface MissingImagesOptions {
  /** Most pulls at once. */
  readonly limit: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Only these services; absent = all of the file. */
  readonly only?: readonly string[] | undefined;
  /** The service of a one-off: in whose place nothing runs, so that it may get its image by itself. */
  readonly oneOff?: string | undefined;
}

/** An image that a service needs. */
interface Need {
  readonly service: string;
  readonly image: string;
  readonly mayPull: boolean;
}

/**
 * Brings the images to a lone host that it does not have yet, before anything of the stack changes: with a name that leads nowhere, what runs goes on
 * running. In a cluster each node gets them for itself, for only managers know which ones are going to need them.
 */
export async function getMissingImages(
  control: ControlClient,
  project: LoadedSpec,
  { limit, progress, signal, only, oneOff }: MissingImagesOptions,
): Promise<void> {
  const needs = neededImages(project.spec.services, only).filter(({ service }) => service !== oneOff);
  // Asked first: in a cluster the host's own node may just be on its way to the next leader, and what it has does not matter.
  if (needs.length === 0 || (await listNodes(control)).size > 1) return;
  const here = await imagesHere(control, [...new Set(needs.map(({ image }) => image))], signal);
  const missing = needs.filter(({ image }) => !here.has(image));
  await forEachLimited(oncePerImage(missing), limit, async (need) => {
    const getting = need.mayPull
      ? pullImage(control, need.image, 'missing', progress, signal)
      : requireHere(control, need);
    await located(
      project.loaded,
      getting.catch((error: unknown) => {
        throw aboutService(need, error);
      }),
    );
  });
}

/** Those that come anew each time are none of them, and what is in a directory or a file is read where it lies. */
function neededImages(
  services: Readonly<Record<string, ServiceSpec>>,
  only: readonly string[] | undefined,
): readonly Need[] {
  return Object.entries(services).flatMap(([service, { image, pullPolicy, replicas }]) => {
    const isNeeded = (only === undefined || only.includes(service)) && replicas > 0 && !isLocalImage(image);
    if (!isNeeded || (pullPolicy !== 'missing' && pullPolicy !== 'never')) return [];
    return [{ service, image, mayPull: pullPolicy === 'missing' }];
  });
}

/** One need for each image; one that may pull goes first. */
function oncePerImage(needs: readonly Need[]): readonly Need[] {
  const byImage = new Map<string, Need>();
  for (const need of needs) if (need.mayPull || !byImage.has(need.image)) byImage.set(need.image, need);
  return [...byImage.values()];
}

async function imagesHere(
  control: ControlClient,
  references: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  for await (const { images } of readDocuments(control, 'image.find', { references, readFiles: false }, { signal })) {
    return new Set(images.map(({ reference }) => reference));
  }
  return new Set();
}

/** Throws what the host says of an image that it does not have. */
function requireHere(control: ControlClient, { image }: Need): Promise<void> {
  return callStream(control, 'image.pull', { reference: image, policy: 'never' });
}

function aboutService({ service }: Need, error: unknown): unknown {
  if (!(error instanceof TsstackError)) return error;
  const { code, message, hint, retryable } = error;
  const keys = ['services', service, 'image'];
  return new TsstackError(code, message, { keys, retryable, cause: error, ...(hint === undefined ? {} : { hint }) });
}
