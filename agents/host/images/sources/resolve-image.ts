import { MalformedImageError } from '../errors.ts';
import { digestOf, digestHex } from '../formats/digest.ts';
import { checkLayerCount, parseImageConfig } from '../formats/image-config.ts';
import { maxManifestBytes, parseManifest, selectManifest } from '../formats/manifest.ts';
import type { Descriptor, ImageManifest } from '../formats/manifest.ts';
import { hostPlatform } from '../formats/platform.ts';
import type { BlobProvider, ImageSource } from './image-source.ts';

/** Indexes may nest; more than this is a loop or an attack. */
const maxNesting = 4;

/** From a manifest or index to the image for this host: follows indexes, then reads the configuration. */
export async function resolveImage(
  provider: BlobProvider,
  top: { readonly data: Uint8Array; readonly contentType: string },
  reference: string,
  signal: AbortSignal,
): Promise<ImageSource> {
  let { data, contentType } = top;
  for (let depth = 0; depth < maxNesting; depth += 1) {
    const document = parseManifest(data, contentType, reference);
    if (document.kind === 'image') return await describe(provider, data, document.manifest, reference, signal);
    const chosen = selectManifest(document.index, hostPlatform(), reference);
    data = await readDocument(provider, chosen, 'manifest', `the manifest of ${reference}`, signal);
    contentType = chosen.mediaType;
  }
  throw new MalformedImageError(`the index of ${reference}`, 'it is nested too deeply');
}

async function describe(
  provider: BlobProvider,
  manifestData: Uint8Array,
  manifest: ImageManifest,
  reference: string,
  signal: AbortSignal,
): Promise<ImageSource> {
  const configData = await readDocument(provider, manifest.config, 'blob', `the configuration of ${reference}`, signal);
  const document = parseImageConfig(configData, reference);
  checkLayerCount(document, manifest.layers.length, reference);
  const layers = manifest.layers.map(({ digest, size, mediaType }) => ({
    name: `layer ${digestHex(digest).slice(0, 12)} of ${reference}`,
    digest,
    size,
    maxBytes: null,
    mediaType,
    open: (offset: number, opened: AbortSignal) => provider.open(digest, size, offset, opened),
  }));
  return { id: digestOf(configData), configData, document, manifestData, pinned: null, layers };
}

function readDocument(
  provider: BlobProvider,
  { digest, size }: Descriptor,
  kind: 'manifest' | 'blob',
  what: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (size > maxManifestBytes) throw new MalformedImageError(what, `it has ${size} bytes`);
  return provider.readDocument({ digest, kind }, what, signal);
}
