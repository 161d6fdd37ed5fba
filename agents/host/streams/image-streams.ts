import type { ImageProgress } from '../../../src/rpc/stream-kinds.ts';
import type { ImageService } from '../images/image-service.ts';
import type { ImageEvent } from '../images/types.ts';
import { bytesOf } from './bytes-of.ts';
import type { RelayStream } from './relay-stream.ts';

/** Pulls an image, with progress. */
export async function serveImagePull(images: ImageService, stream: RelayStream<'image.pull'>): Promise<number> {
  const { reference, policy } = stream.arguments;
  const progress = new ProgressWriter(stream);
  await images.ensure(reference, { policy, signal: stream.signal, onProgress: progress.listener });
  await progress.flush();
  return 0;
}

/** Loads the images of an archive that the client sends. */
export async function serveImageLoad(images: ImageService, stream: RelayStream<'image.load'>): Promise<number> {
  const progress = new ProgressWriter(stream);
  await images.load(bytesOf(stream.frames), { signal: stream.signal, onProgress: progress.listener });
  await progress.flush();
  return 0;
}

/** Makes an image of a root file system that the client sends. */
export async function serveImageImport(images: ImageService, stream: RelayStream<'image.import'>): Promise<number> {
  const { reference, changes } = stream.arguments;
  const progress = new ProgressWriter(stream);
  const options = { changes, signal: stream.signal, onProgress: progress.listener };
  await images.import(bytesOf(stream.frames), reference, options);
  await progress.flush();
  return 0;
}

/** Lists the images of this host. */
export async function serveImageList(images: ImageService, stream: RelayStream<'image.list'>): Promise<number> {
  const found = await images.list();
  const summaries = found.map(({ id, refs, sizeBytes, createdAt, platform }) => ({
    id,
    references: refs,
    sizeBytes,
    createdAt,
    platform,
    users: images.usersOf(id),
  }));
  await stream.document({ images: summaries });
  return 0;
}

/** Asks the registry what a name means now. */
export async function serveImageResolve(images: ImageService, stream: RelayStream<'image.resolve'>): Promise<number> {
  await stream.document({ pinned: await images.resolve(stream.arguments.reference, stream.signal) });
  return 0;
}

/** Says which of these names mean an image here. */
export async function serveImageFind(images: ImageService, stream: RelayStream<'image.find'>): Promise<number> {
  const { references, readFiles } = stream.arguments;
  await stream.document({ images: await images.findHere(references, readFiles, stream.signal) });
  return 0;
}

/** Asks the registry what a name means there, with the id of the image for this host. */
export async function serveImageIdentify(images: ImageService, stream: RelayStream<'image.identify'>): Promise<number> {
  await stream.document({ image: await images.identify(stream.arguments.reference, stream.signal) });
  return 0;
}

/** Gives another node a blob of an image, as fast as it takes it. */
export async function serveImageContent(images: ImageService, stream: RelayStream<'image.content'>): Promise<number> {
  const { image, digest, offset } = stream.arguments;
  for await (const chunk of await images.content(image, digest, offset)) {
    stream.signal.throwIfAborted();
    await stream.write({ content: 'stdout', stdout: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) });
  }
  return 0;
}

/** Says which containers need an image that would go with this reference. */
export async function serveImageUsers(images: ImageService, stream: RelayStream<'image.users'>): Promise<number> {
  await stream.document({ users: (await images.removalOf(stream.arguments.reference)).users });
  return 0;
}

/** Removes an image or one of its names. */
export async function serveImageRemove(images: ImageService, stream: RelayStream<'image.remove'>): Promise<number> {
  const { reference, force } = stream.arguments;
  await stream.document({ removed: await images.remove(reference, { force }) });
  return 0;
}

/** Sends progress as fast as the client takes it: of each layer or reference only the newest that has not been sent. */
class ProgressWriter {
  readonly #stream: { document(document: ImageProgress): Promise<void> };
  readonly #pending = new Map<string, ImageEvent>();
  #writing: Promise<void> | null = null;

  constructor(stream: { document(document: ImageProgress): Promise<void> }) {
    this.#stream = stream;
  }

  readonly listener = (event: ImageEvent): void => {
    this.#pending.delete(event.id);
    this.#pending.set(event.id, event);
    this.#writing ??= this.#write();
    // A client that has gone ends the stream, which ends the operation.
    this.#writing.catch(() => undefined);
  };

  /** Resolves when everything has been sent. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      for (const [id, event] of this.#pending) {
        this.#pending.delete(id);
        await this.#stream.document(event);
      }
    } finally {
      this.#writing = null;
    }
  }
}
