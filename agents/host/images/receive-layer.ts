import { TsstackError } from '../../../src/model/errors.ts';
import type { LayerProgram, UnpackOptions, UnpackResult } from '../native/layer.ts';
import { DigestMismatchError } from './errors.ts';
import type { LayerBlob } from './formats/manifest.ts';
import type { LayerSource } from './sources/image-source.ts';
import { checkSize } from './store/blob-store.ts';
import type { BlobStore } from './store/blob-store.ts';
import type { BlobWriter } from './store/blob-writer.ts';
import type { DiskRoom } from './store/disk-room.ts';
import { Unpacker } from './unpacker.ts';

/** Bytes that come between two looks at the disk: a thousand times as many when they are unpacked, at the very most (deflate). */
const checkPeriodBytes = 512 * 1024;

/** What it works with. */
interface ReceiverParts {
  readonly blobs: BlobStore;
  readonly program: LayerProgram;
  readonly room: DiskRoom;
}

/** Fetches a layer's archive into the store and unpacks it at the same time. */
export async function receiveLayer(
  source: LayerSource,
  { blobs, program, room }: ReceiverParts,
  target: UnpackOptions,
  onBytes: (received: number) => void,
): Promise<{ readonly result: UnpackResult; readonly blob: LayerBlob }> {
  await room.require(source.size, source.name);
  target.signal.throwIfAborted();
  // Before anything that has to be given back: nothing waits between the look at the signal and the start of the program.
  const unpacker = new Unpacker(program, target);
  const writer = await unpacker.openWriter(blobs, source.digest);
  try {
    let checkedBytes = 0;
    await receive(source, writer, unpacker, target.signal, async (received) => {
      onBytes(received);
      if (received - checkedBytes < checkPeriodBytes) return;
      // What it becomes unpacked shows only as it comes.
      checkedBytes = received;
      await room.require(0, source.name);
    });
    checkSize(source.name, source.size, writer.size);
    const digest = await writer.finish(source.digest, source.name);
    return { result: await unpacker.finish(), blob: { mediaType: source.mediaType, digest, size: source.size } };
  } catch (error) {
    await unpacker.abort();
    await writer.abandon(source.digest !== null && isWorthResuming(error, target.signal));
    throw error;
  }
}

async function receive(
  source: LayerSource,
  writer: BlobWriter,
  unpacker: Unpacker,
  signal: AbortSignal,
  onBytes: (received: number) => Promise<void>,
): Promise<void> {
  for await (const chunk of writer.resume()) {
    await unpacker.write(chunk);
    await onBytes(writer.size);
  }
  if (writer.size >= source.size) return;
  for await (const chunk of source.open(writer.size, signal)) {
    await writer.write(chunk);
    if (writer.size > source.size) throw new DigestMismatchError(source.name, `${source.size} bytes`, 'more');
    await unpacker.write(chunk);
    await onBytes(writer.size);
  }
}

/** What came so far is good when the connection broke or the user gave up, and not when the disk is full or the bytes are wrong. */
function isWorthResuming(error: unknown, signal: AbortSignal): boolean {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof TsstackError) return reason.retryable;
  return reason instanceof Error && reason.name === 'AbortError';
}
