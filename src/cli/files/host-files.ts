import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hostFileProgram } from '../../daemon/host-file-program.ts';
import type { FileSide } from './file-side.ts';

/** The files of this host, with the rights of the user. */
export function hostFiles(): FileSide {
  const program = hostFileProgram();
  const over = new AbortController();
  return {
    name: 'this host',
    look: (path, follow) => program.look(path, follow, over.signal),
    pack: async function* (options) {
      const { archive, result } = program.pack(options, over.signal);
      yield* archive as Readable & AsyncIterable<Buffer>;
      await result;
    },
    insert: async (options, archive) => {
      // Its own end: an archive that breaks off is not to be taken for whole.
      const broken = new AbortController();
      const { input, result } = program.insert(options, broken.signal);
      const sent = pipeline(watched(archive, broken), input);
      // What the program says goes before the failure of our writing.
      sent.catch(() => undefined);
      try {
        await result;
      } catch (error) {
        throw broken.signal.aborted ? broken.signal.reason : error;
      }
    },
  };
}

/** Tells of an archive that cannot be read to its end. */
async function* watched(archive: AsyncIterable<Buffer>, broken: AbortController): AsyncGenerator<Buffer> {
  try {
    yield* archive;
  } catch (error) {
    broken.abort(error);
    throw error;
  }
}
