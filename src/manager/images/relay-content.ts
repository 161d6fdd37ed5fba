/** Passes content of an image from a node that has it to one that needs it. Nothing of it stays here. */
import PQueue from 'p-queue';
import { TsstackError } from '../../model/errors.ts';
import { isImageId } from '../../model/image-name.ts';
import type { OpenStream } from '../../rpc/messages.ts';
import type { StreamKinds } from '../../rpc/stream-kinds.ts';
import type { FrameStream, Relays } from '../dispatcher/relays.ts';
import type { Sessions } from '../dispatcher/sessions.ts';
import type { StoreView } from '../store/object-index.ts';
import { findImage, neededImages } from './images-of.ts';

/** Blobs on their way at once: each has a few frames of 256 KiB in memory, and heartbeats share this process. */
const concurrentBlobs = 8;

/** Arguments of a FetchImage call: those of the stream, and who asks. */
export type FetchArguments = StreamKinds['image.content']['arguments'] & { readonly sessionId: string };

export class ContentRelay {
  readonly #queue = new PQueue({ concurrency: concurrentBlobs });
  readonly #relays: Relays;
  readonly #sessions: Sessions;

  constructor(relays: Relays, sessions: Sessions) {
    this.#relays = relays;
    this.#sessions = sessions;
  }

  /** `asking` is the node at the other end of `client`; `open.nodeId` the one that is to serve. */
  async pass(view: StoreView, asking: string, open: OpenStream, client: FrameStream): Promise<void> {
    const { image, digest, offset } = JSON.parse(open.arguments) as FetchArguments;
    if (open.kind !== 'image.content' || !isNeeded(view, asking, image)) {
      throw new TsstackError('permission', `no container of this node needs image ${image}`);
    }
    const session = this.#sessions.ofNode(open.nodeId);
    const place = view.get('node', open.nodeId)?.hostname ?? open.nodeId;
    if (session === undefined) {
      throw new TsstackError('unavailable', `node ${place} is not connected`, { retryable: true });
    }
    const passed = {
      kind: open.kind,
      taskId: '',
      nodeId: open.nodeId,
      arguments: JSON.stringify({ image, digest, offset }),
    };
    await this.#queue.add(() => this.#relays.open(session, place, passed, client), { signal: client.signal });
  }
}

/** By content and not by name: a name may have come to mean another image since. */
function isNeeded(view: StoreView, nodeId: string, imageId: string): boolean {
  return neededImages(view, nodeId).some(
    (name) => (isImageId(name) ? name : findImage(view, name)?.imageId) === imageId,
  );
}
