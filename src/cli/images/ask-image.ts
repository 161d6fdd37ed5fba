import { TsstackError } from '../../model/errors.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { StreamKinds } from '../../rpc/stream-kinds.ts';
import { readDocuments, type StreamTarget } from '../streams/open-stream.ts';

/** Questions that a host answers with one document. */
type Question = 'image.list' | 'image.find' | 'image.users' | 'image.remove';

/** What a host answers about its images. */
export async function askImage<Kind extends Question>(
  control: ControlClient,
  kind: Kind,
  streamArguments: StreamKinds[Kind]['arguments'],
  target: StreamTarget,
): Promise<StreamKinds[Kind]['document']> {
  for await (const document of readDocuments(control, kind, streamArguments, target)) return document;
  throw new TsstackError('internal', `ask for ${kind}: the node has ended without an answer`);
}
