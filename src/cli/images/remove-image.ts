import { TsstackError } from '../../model/errors.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandIo } from '../command-line/io.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { askImage } from './ask-image.ts';
import { askHosts, type ImageHost } from './image-hosts.ts';

export interface ImageRemoval {
  readonly control: ControlClient;
  readonly io: Pick<CommandIo, 'stderr'>;
  readonly hosts: readonly ImageHost[];
  /** Remove the name although containers use the image. */
  readonly force: boolean;
}

/**
 * Removes an image, or one of its names, from all of these hosts, and resolves to what went. While a container on any of them needs the image, it
 * stays on all.
 */
export async function removeImage(removal: ImageRemoval, reference: string): Promise<readonly string[]> {
  const { control, io, hosts, force } = removal;
  // A lone host refuses by itself.
  if (!force && hosts.length > 1) await refuseUsed(removal, reference);
  const away: string[] = [];
  const answers = await askHosts(
    hosts,
    (target) => unlessMissing(askImage(control, 'image.remove', { reference, force }, target)),
    (problem) => away.push(problem),
  );
  const removed = answers.flatMap(({ answer }) => answer?.removed ?? []);
  if (removed.length === 0) throw nowhere(reference, hosts, away);
  writeWarnings(
    io,
    away.map((problem) => `${problem}: image ${reference} may still be there`),
  );
  return [...new Set(removed)];
}

async function refuseUsed({ control, hosts }: ImageRemoval, reference: string): Promise<void> {
  const answers = await askHosts(
    hosts,
    (target) => unlessMissing(askImage(control, 'image.users', { reference }, target)),
    () => undefined, // the removal tells of it
  );
  const users = answers.flatMap(({ host, answer }) => answer?.users.map((user) => `${user} on ${host.hostname}`) ?? []);
  if (users.length === 0) return;
  throw new TsstackError('conflict', `remove image ${reference}: used by ${users.join(', ')}`, {
    hint: 'remove these containers first, take it from other hosts only with --node, or use --force to remove only the name',
  });
}

/** Null when the host does not have it. */
async function unlessMissing<Answer>(asking: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof TsstackError && error.code === 'not-found') return null;
    throw error;
  }
}

function nowhere(reference: string, hosts: readonly ImageHost[], away: readonly string[]): TsstackError {
  const problem = hosts.length > 1 ? 'no node that answers has it' : 'it is not here';
  const message = [`remove image ${reference}: ${problem}`, ...away].join('; ');
  return new TsstackError('not-found', message, { hint: '`tsstack images --all` lists those that there are' });
}
