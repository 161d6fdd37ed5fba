import { TsstackError } from '../../model/errors.ts';
import type { ImageSummary } from '../../rpc/stream-kinds.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { askImage } from './ask-image.ts';
import { askHosts, type ImageHost } from './image-hosts.ts';
import type { ImageRemoval } from './remove-image.ts';

export interface Pruned {
  /** Names and ids of what went. */
  readonly removed: readonly string[];
  /** What its files took, over all hosts. */
  readonly freedBytes: number;
}

/**
 * Removes the images that no container needs, on any of these hosts: without `all` those that have no name any more. What a container of one host
 * needs stays on the others, which may be where it can be had from.
 */
export async function pruneImages(removal: ImageRemoval, all: boolean): Promise<Pruned> {
  const { control, io, hosts } = removal;
  const answers = await askHosts(
    hosts,
    (target) => askImage(control, 'image.list', {}, target),
    (problem) => writeWarnings(io, [`${problem}: its images stay`]),
  );
  const images = answers.flatMap(({ answer }) => answer.images);
  const used = new Set(images.flatMap(({ id, users }) => (users.length > 0 ? [id] : [])));
  const isUnused = ({ id, references }: ImageSummary): boolean =>
    !used.has(id) && (all || references.length === 0) && id.startsWith('sha256:');
  const removed = new Set<string>();
  let freedBytes = 0;
  for (const { host, answer } of answers) {
    for (const image of answer.images.filter(isUnused)) {
      const names = await removeFrom(removal, host, image.id);
      for (const name of names) removed.add(name);
      if (names.length > 0) freedBytes += image.sizeBytes;
    }
  }
  return { removed: [...removed], freedBytes };
}

/** Nothing goes when a container has come to need it meanwhile. */
async function removeFrom({ control }: ImageRemoval, { id }: ImageHost, image: string): Promise<readonly string[]> {
  try {
    const target = { nodeId: id };
    return (await askImage(control, 'image.remove', { reference: image, force: false }, target)).removed;
  } catch (error) {
    if (error instanceof TsstackError && (error.code === 'conflict' || error.code === 'not-found')) return [];
    throw error;
  }
}
