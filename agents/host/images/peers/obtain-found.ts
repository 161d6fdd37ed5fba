import type { FoundImage, ImageHolder } from '../../../../src/model/found-image.ts';
import { TsstackError } from '../../../../src/model/errors.ts';
import { DigestMismatchError, NotSharedError, translateStorageError } from '../errors.ts';
import { requireDigest } from '../formats/digest.ts';
import { formatPlatform, hostPlatform } from '../formats/platform.ts';
import type { ImageStore } from '../image-store.ts';
import { installImage } from '../install-image.ts';
import type { ObtainOptions } from '../obtain-image.ts';
import { familiarName, parseRegistryReference } from '../../../../src/model/image-reference.ts';
import type { RegistryAccess } from '../registry/registry-access.ts';
import { openRegistryImage } from '../registry/registry-source.ts';
import type { ImageSource } from '../sources/image-source.ts';
import type { ImageRecord } from '../store/image-index.ts';
import type { ImagePeers } from './image-peers.ts';
import { openPeerImage } from './peer-source.ts';

export interface FoundRequest {
  /** Under which this host remembers it; null for one that is wanted by its id. */
  readonly key: string | null;
  readonly found: FoundImage;
  /** False: no registry is asked. */
  readonly mayPull: boolean;
}

/** What the image of a cluster is on this host; undefined when it is not here. */
export function findCopy(store: ImageStore, { key, found }: FoundRequest): ImageRecord | undefined {
  if (isForThisHost(found)) return store.index.byId(requireDigest(found.imageId, 'the image'));
  const named = key === null ? undefined : store.index.byKey(key);
  return named?.pinned === found.pinned ? named : undefined;
}

/** Gets the very image that the cluster means: from its registry if it has one, else from the nodes that have it, one after the other. */
export async function obtainFound(
  store: ImageStore,
  registries: RegistryAccess,
  peers: ImagePeers,
  request: FoundRequest,
  options: ObtainOptions,
): Promise<ImageRecord> {
  const { key, found, mayPull } = request;
  const name = key === null ? found.imageId : familiarName(key);
  const attempts = new Attempts(store, options.signal);
  const install = (source: ImageSource): Promise<ImageRecord> =>
    installImage(store, source, namesOf(key), { reference: name, ...options });
  options.listener({ status: 'resolving', id: name, current: 0, total: 0 });
  if (found.pinned !== null && mayPull) {
    const reference = parseRegistryReference(found.pinned);
    const record = await attempts.make(`registry ${reference.host}`, async () =>
      install(checked(await openRegistryImage(registries, reference, store.blobs, options.signal), found, name)),
    );
    if (record !== null) return record;
  }
  for (const holder of isForThisHost(found) ? found.holders : []) {
    const fetch = async (): Promise<ImageRecord> => install(await fromPeer(peers, holder, found, name, options));
    const place = `node ${holder.hostname}`;
    const first = await attempts.make(place, fetch);
    // What was wrong may have been the beginning that another node had sent; it is gone by now.
    const record =
      first ??
      (attempts.failures.at(-1)?.error instanceof DigestMismatchError ? await attempts.make(place, fetch) : null);
    if (record !== null) return record;
  }
  throw new NotSharedError(name, found, attempts.failures);
}

function fromPeer(
  peers: ImagePeers,
  holder: ImageHolder,
  { imageId, layerBytes }: FoundImage,
  name: string,
  { signal }: ObtainOptions,
): Promise<ImageSource> {
  const image = { id: requireDigest(imageId, `the image ${name}`), name, layerBytes };
  return openPeerImage(peers, holder, image, signal);
}

/** Sources that are tried until one has the image; what went wrong with each is kept. */
class Attempts {
  readonly failures: { readonly place: string; readonly error: unknown }[] = [];
  readonly #store: ImageStore;
  readonly #signal: AbortSignal;

  constructor(store: ImageStore, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  /** Null when this source cannot help; another one cannot help either against what is wrong with this host. */
  async make<T>(place: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      this.#signal.throwIfAborted();
      const problem = translateStorageError(error, `store what comes from ${place}`, this.#store.paths.root);
      if (!(problem instanceof TsstackError) || problem.code === 'exhausted') throw problem;
      this.failures.push({ place, error: problem });
      return null;
    }
  }
}

/** A registry that gives another image for the same digest is not to be trusted. */
function checked(source: ImageSource, found: FoundImage, name: string): ImageSource {
  if (isForThisHost(found) && source.id !== found.imageId) {
    throw new DigestMismatchError(`the image ${name}`, found.imageId, source.id);
  }
  return source;
}

/** False when the cluster has decided for a node of another platform, and a registry has it for ours. */
function isForThisHost({ platform, pinned }: FoundImage): boolean {
  return pinned === null || machineOf(platform) === machineOf(formatPlatform(hostPlatform()));
}

/** A platform without its variant. */
function machineOf(platform: string): string {
  return platform.split('/').slice(0, 2).join('/');
}

function namesOf(key: string | null): readonly { readonly key: string; readonly sourceState: null }[] {
  return key === null ? [] : [{ key, sourceState: null }];
}
