import { TsstackError } from '../../../src/model/errors.ts';
import type { LayerProgram, UnpackOptions, UnpackResult } from '../native/layer.ts';
import { DigestMismatchError } from './errors.ts';
import type { LayerBlob } from './formats/manifest.ts';
import type { LayerSource } from './sources/image-source.ts';
import { checkSize } from './store/blob-store.ts';
import type { BlobStore } from './store/blob-store.ts';
import type { BlobWriter } from './store/blob-writer.ts';
import { Unpacker } from './unpacker.ts';

/** Fetches a layer's archive into the store and unpacks it at the same time. */
export async function receiveLayer(
  source: LayerSource,
  blobs: BlobStore,
  program: LayerProgram,
  target: UnpackOptions,
  onBytes: (received: number) => void,
): Promise<{ readonly result: UnpackResult; readonly blob: LayerBlob }> {
  target.signal.throwIfAborted();
  // Before anything that has to be given back: nothing waits between the look at the signal and the start of the program.
  const unpacker = new Unpacker(program, target);
  const writer = await unpacker.openWriter(blobs, source.digest);
  try {
    await receive(source, writer, unpacker, target.signal, onBytes);
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
  onBytes: (received: number) => void,
): Promise<void> {
  for await (const chunk of writer.resume()) {
    await unpacker.write(chunk);
    onBytes(writer.size);
  }
  if (writer.size >= source.size) return;
  for await (const chunk of source.open(writer.size, signal)) {
    await writer.write(chunk);
    if (writer.size > source.size) throw new DigestMismatchError(source.name, `${source.size} bytes`, 'more');
    await unpacker.write(chunk);
    onBytes(writer.size);
  }
}

/** What came so far is good when the connection broke or the user gave up, and not when the disk is full or the bytes are wrong. */
function isWorthResuming(error: unknown, signal: AbortSignal): boolean {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof TsstackError) return reason.retryable;
  return reason instanceof Error && reason.name === 'AbortError';
}
