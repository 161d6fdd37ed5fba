import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import type { Frame } from '../../rpc/messages.ts';
import type { ControlClient, DuplexStream } from '../../rpc/service-types.ts';
import { openStream, readDocuments, readFrames } from '../streams/open-stream.ts';
import type { FileSide } from './file-side.ts';

/** The files of a container, wherever it is. */
export function containerFiles(control: ControlClient, task: TaskObject): FileSide {
  const target = { taskId: task.id };
  return {
    name: `container ${task.containerName}`,
    look: async (path, follow) => {
      for await (const found of readDocuments(control, 'files.look', { path, follow }, target)) return found;
      throw new TsstackError('internal', `look at ${path}: the node has ended without an answer`);
    },
    pack: async function* (options) {
      const stream = await openStream(control, 'files.pack', options, target);
      try {
        for await (const frame of readFrames(stream)) if (frame.content === 'stdout') yield frame.stdout;
      } finally {
        stream.end();
      }
    },
    insert: async ({ directory, keepOwners }, archive) => {
      const stream = await openStream(control, 'files.insert', { directory, keepOwners }, target);
      await sendAll(stream, archive);
    },
  };
}

/** Resolves when the other end has taken everything. */
async function sendAll(stream: DuplexStream<Frame, Frame>, archive: AsyncIterable<Buffer>): Promise<void> {
  const sending = new Sending(stream);
  const sent = sending.run(archive);
  // The other end may give up in the middle: its problem says more than the failure of our writing.
  sent.catch(() => undefined);
  try {
    for await (const frame of readFrames(stream)) void frame;
  } catch (error) {
    throw sending.unreadable ?? error;
  } finally {
    stream.end();
  }
}

/** An archive that breaks off cuts the stream: what has come of it is not to be taken for whole. */
class Sending {
  readonly #stream: DuplexStream<Frame, Frame>;
  /** Why the archive could not be read. */
  unreadable: unknown = undefined;

  constructor(stream: DuplexStream<Frame, Frame>) {
    this.#stream = stream;
  }

  async run(archive: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of this.#watched(archive)) await this.#stream.write({ content: 'stdin', stdin: chunk });
    await this.#stream.write({ content: 'end', end: true });
  }

  async *#watched(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* archive;
    } catch (error) {
      this.unreadable = error;
      this.#stream.cancel();
      throw error;
    }
  }
}
