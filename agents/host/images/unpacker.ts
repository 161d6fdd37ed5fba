import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { LayerProgram, UnpackOptions, UnpackResult } from '../native/layer.ts';
import { NativeError } from '../native/native-error.ts';
import type { Digest } from './formats/digest.ts';
import type { BlobStore } from './store/blob-store.ts';
import type { BlobWriter } from './store/blob-writer.ts';

/** Bytes that may wait for the unpacking program before reading from the source pauses. */
const pendingLimitBytes = 4 * 1024 * 1024;

/** The unpacking program as a place to write to. */
export class Unpacker {
  readonly #input: Writable;
  readonly #result: Promise<UnpackResult>;
  readonly #over = new AbortController();
  #failure: Error | null = null;

  constructor(program: LayerProgram, options: UnpackOptions) {
    const signal = AbortSignal.any([options.signal, this.#over.signal]);
    const { input, result } = program.unpackStream({ ...options, signal });
    this.#input = input;
    this.#result = result;
    result.catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      input.destroy();
    });
  }

  /** Opens the place where the same bytes are stored; the program ends when that fails. */
  async openWriter(blobs: BlobStore, digest: Digest | null): Promise<BlobWriter> {
    try {
      return await blobs.ingest(digest);
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  /**
   * Hands on a chunk. Bad data is no reason to stop receiving: the digest of the whole archive tells whether it was damaged on
   * the way or is bad at its source. Anything else is.
   */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== null) {
      if (isBadData(this.#failure)) return;
      throw this.#failure;
    }
    this.#input.write(chunk);
    // "close" comes instead of "drain" when the program has failed.
    if (this.#input.writableLength > pendingLimitBytes) await this.#drained();
  }

  finish(): Promise<UnpackResult> {
    this.#input.end();
    return this.#result;
  }

  /** Ends the program; nothing of it is left when this resolves. */
  async abort(): Promise<void> {
    this.#over.abort();
    await this.#result.catch(() => undefined);
  }

  async #drained(): Promise<void> {
    const waiting = new AbortController();
    const options = { signal: waiting.signal };
    await Promise.race([once(this.#input, 'drain', options), once(this.#input, 'close', options)]).catch(
      () => undefined,
    );
    waiting.abort();
  }
}

/** What is too large is refused whatever its digest says. */
function isBadData(failure: Error): boolean {
  return failure instanceof NativeError && failure.nativeCode === 'invalid' && failure.path !== 'maxBytes';
}
