/** What names of images mean in a cluster: decided once, by whoever needs an image first, and stored. */
import { createHash } from 'node:crypto';
import { TsstackError } from '../../model/errors.ts';
import { imageName, isDirectoryImage, isImageId } from '../../model/image-name.ts';
import type { FoundImage } from '../../model/found-image.ts';
import type { ImageObject, NodeObject } from '../../model/objects.ts';
import type { ImageHere, StreamKind, StreamKinds } from '../../rpc/stream-kinds.ts';
import type { Relays } from '../dispatcher/relays.ts';
import type { Session, Sessions } from '../dispatcher/sessions.ts';
import { NodeSilentError, NotFoundError } from '../errors.ts';
import { put } from '../store/change.ts';
import type { Store } from '../store/store.ts';
import { askNode, type Question } from './ask-node.ts';
import { describeHolders } from './holders.ts';
import { findImage, needs } from './images-of.ts';

/** For a look into the memory of another node's agent: who does not answer is left out. */
const lookDeadlineMs = 5000;
/** For one into that of this host's, which `up` waits for: below the 30 s that its client gives it. */
const refreshDeadlineMs = 20_000;
/** For this host's to read an image from a file first. */
const readDeadlineMs = 120_000;
/** For a registry: an agent gives up on a dead one sooner (registry/deadlines.ts), and a slow one answers within a few seconds. */
const registryDeadlineMs = 60_000;

/** What it works with. */
export interface ImageNamesContext {
  readonly store: Store;
  readonly sessions: Pick<Sessions, 'ofNode'>;
  readonly relays: Pick<Relays, 'open'>;
  /** Id of this host's node; null on a lone host. */
  readonly ownNodeId: () => string | null;
}

/** What a node asks for. */
export interface ImageRequest {
  readonly nodeId: string;
  readonly reference: string;
  readonly mayPull: boolean;
}

export class ImageNames {
  readonly #on: ImageNamesContext;
  /** Decisions under way, by name: everybody waits for the same one. */
  readonly #deciding = new Map<string, Promise<ImageObject>>();

  constructor(context: ImageNamesContext) {
    this.#on = context;
  }

  /**
   * Null when the node has nobody to share images with, or the image is a directory of its own. Rejects with an error that is retryable where only
   * time is missing; what a registry has refused is final, as for a lone host.
   */
  async find(request: ImageRequest): Promise<FoundImage | null> {
    const { view } = this.#on.store;
    const { nodeId, reference } = request;
    if (view.all('node').length < 2 || isDirectoryImage(reference)) return null;
    const name = imageName(reference);
    if (!needs(view, nodeId, name)) {
      throw new TsstackError('permission', `no container of this node needs image ${reference}`);
    }
    if (isImageId(name))
      return { imageId: name, platform: '', pinned: null, layerBytes: null, ...this.#holders(name, null, nodeId) };
    const {
      imageId,
      platform,
      pinned,
      layerBytes,
      nodeId: origin,
    } = findImage(view, name) ?? (await this.#decide(name, request));
    return { imageId, platform, pinned, layerBytes, ...this.#holders(imageId, origin, nodeId) };
  }

  /** Takes notice of names that mean other images on this host by now, since somebody pulled, loaded or imported them: what `up` goes by. */
  async refresh(references: readonly string[]): Promise<void> {
    const { store } = this.#on;
    const known = [...new Set(references.map(imageName))].filter((name) => findImage(store.view, name) !== undefined);
    const own = this.#ownSession();
    if (known.length === 0 || own === undefined) return;
    const { images } = await this.#ask(own, {
      kind: 'image.find',
      arguments: { references: known, readFiles: true },
      deadlineMs: refreshDeadlineMs,
    });
    await store.update((view) => {
      const news = images.flatMap((here) => {
        const before = findImage(view, here.reference);
        const isNews = before?.imageId !== here.imageId && (before?.namedAtMs ?? 0) < here.namedAtMs;
        return before !== undefined && isNews ? [put(meaning(before, here, own.nodeId))] : [];
      });
      return { changes: news, result: undefined };
    });
  }

  #decide(name: string, request: ImageRequest): Promise<ImageObject> {
    const running = this.#deciding.get(name);
    if (running !== undefined) return running;
    const deciding = this.#resolve(name, request).finally(() => this.#deciding.delete(name));
    this.#deciding.set(name, deciding);
    return deciding;
  }

  /** What a node has goes first, this host's before all others; then comes the registry. */
  async #resolve(name: string, { nodeId, mayPull }: ImageRequest): Promise<ImageObject> {
    const silent: NodeSilentError[] = [];
    const seen = await this.#look(name, silent);
    const here = seen ?? (await this.#obtain(name, mayPull ? nodeId : null, silent));
    return await this.#on.store.update((view) => {
      const before = findImage(view, name);
      if (before !== undefined) return { changes: [], result: before };
      const image = meaning(newImage(name), here.image, here.nodeId);
      return { changes: [put(image)], result: image };
    });
  }

  /** From a registry, unless `nodeId` is null. What a node that does not answer may have is waited for. */
  async #obtain(name: string, nodeId: string | null, silent: readonly NodeSilentError[]): Promise<Answer> {
    try {
      if (nodeId !== null) return await this.#askRegistry(name, nodeId);
    } catch (error) {
      const first = silent[0] ?? error;
      throw first instanceof NodeSilentError ? waiting(name, first, error) : finalError(error);
    }
    if (silent[0] !== undefined) throw waiting(name, silent[0]);
    throw new NotFoundError(`get image ${name}: no node of the cluster has it, and pull_policy is never`, {
      hint: 'bring it to a manager with "tsstack load", "tsstack import" or "tsstack pull"',
    });
  }

  /** `silent` gets those who did not answer. */
  async #look(name: string, silent: NodeSilentError[]): Promise<Answer | null> {
    const own = this.#ownSession();
    const onOwn = own === undefined ? null : await this.#lookOn(own, name, true, silent);
    if (onOwn !== null) return onOwn;
    const others = this.#on.store.view.all('node').filter(({ id }) => id !== own?.nodeId);
    const sessions = others.flatMap(({ id }) => this.#on.sessions.ofNode(id) ?? []);
    const answers = await Promise.all(sessions.map((session) => this.#lookOn(session, name, false, silent)));
    // Who is between two sessions, which is not for long: then it is down.
    const away = others.filter(({ id, state }) => state !== 'down' && this.#on.sessions.ofNode(id) === undefined);
    silent.push(...away.map(({ hostname }) => new NodeSilentError(hostname)));
    const found = answers.filter((answer) => answer !== null);
    return found.toSorted((a, b) => b.image.namedAtMs - a.image.namedAtMs)[0] ?? null;
  }

  /** Null when the node does not have it, or cannot be asked. */
  async #lookOn(session: Session, name: string, readFiles: boolean, silent: NodeSilentError[]): Promise<Answer | null> {
    try {
      const question = { references: [name], readFiles };
      const { images } = await this.#ask(session, {
        kind: 'image.find',
        arguments: question,
        deadlineMs: readFiles ? readDeadlineMs : lookDeadlineMs,
      });
      return images[0] === undefined ? null : { nodeId: session.nodeId, image: images[0] };
    } catch (error) {
      // One that does not answer cannot be what decides; the others, or the registry, do if they can.
      if (error instanceof NodeSilentError) silent.push(error);
      return null;
    }
  }

  /** By this host, which is trusted most, else by the node that needs the image: it may be the one that has the login. */
  async #askRegistry(name: string, nodeId: string): Promise<Answer> {
    const ids = [...new Set([this.#on.ownNodeId() ?? nodeId, nodeId])];
    let failure: Error | null = null;
    for (const session of ids.flatMap((id) => this.#on.sessions.ofNode(id) ?? [])) {
      try {
        const { image } = await this.#ask(session, {
          kind: 'image.identify',
          arguments: { reference: name },
          deadlineMs: registryDeadlineMs,
        });
        return { nodeId: session.nodeId, image };
      } catch (error) {
        failure ??= error as Error;
      }
    }
    throw failure ?? new NodeSilentError(this.#hostname(nodeId));
  }

  #ask<Kind extends StreamKind>(session: Session, question: Question<Kind>): Promise<StreamKinds[Kind]['document']> {
    return askNode(this.#on.relays, session, this.#hostname(session.nodeId), question);
  }

  #holders(imageId: string, origin: string | null, asking: string): Pick<FoundImage, 'holders' | 'absent'> {
    const { store, sessions } = this.#on;
    return describeHolders(store.view, { imageId, origin, asking }, (id) => sessions.ofNode(id) !== undefined);
  }

  #ownSession(): Session | undefined {
    const id = this.#on.ownNodeId();
    return id === null ? undefined : this.#on.sessions.ofNode(id);
  }

  #hostname(nodeId: string): NodeObject['hostname'] {
    return this.#on.store.view.get('node', nodeId)?.hostname ?? nodeId;
  }
}

/** Asking again will help. */
function waiting(name: string, silent: NodeSilentError, registry?: unknown): TsstackError {
  const tried = registry instanceof TsstackError && registry !== silent ? `; ${registry.message}` : '';
  return new TsstackError('timeout', `get image ${name}: ${silent.message}${tried}`, {
    retryable: true,
    cause: silent,
  });
}

/** The node that has asked a registry has tried it as often as one does. */
function finalError(error: unknown): unknown {
  if (!(error instanceof TsstackError) || !error.retryable) return error;
  const { code, message, hint } = error;
  return new TsstackError(code, message, { cause: error, ...(hint === undefined ? {} : { hint }) });
}

interface Answer {
  readonly nodeId: string;
  readonly image: ImageHere;
}

function newImage(name: string): ImageObject {
  // Follows from the name, so that there are never two.
  const id = createHash('sha256').update(name).digest('hex');
  const now = new Date().toISOString();
  const common = { id, version: 0, createdAt: now, updatedAt: now, kind: 'image', name } as const;
  return { ...common, imageId: '', platform: '', pinned: null, layerBytes: null, nodeId: '', namedAtMs: 0 };
}

function meaning(
  before: ImageObject,
  { imageId, platform, pinned, layerBytes, namedAtMs }: ImageHere,
  nodeId: string,
): ImageObject {
  return { ...before, imageId, platform, pinned, layerBytes, namedAtMs, nodeId };
}
