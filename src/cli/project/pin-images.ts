import { loadStack, type LoadOptions } from '../../stack/index.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { readDocuments } from '../streams/open-stream.ts';

/**
 * What the images of a stack mean in their registries now, by how the file names them. The daemon asks, which has the credentials. Throws
 * StackFileError for a file that is wrong.
 */
export async function pinImages(
  context: Pick<CommandContext, 'globals' | 'io'>,
  options: LoadOptions,
): Promise<ReadonlyMap<string, string>> {
  const { project } = loadStack(options);
  const images = new Set(Object.values(project.services).flatMap(({ image }) => image ?? []));
  const control = await connect(context, 'start');
  const pinned = new Map<string, string>();
  for (const reference of images) {
    for await (const document of readDocuments(control, 'image.resolve', { reference })) {
      if (document.pinned !== null) pinned.set(reference, document.pinned);
    }
  }
  return pinned;
}
