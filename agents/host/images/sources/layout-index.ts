import { ImageNotFoundError, MalformedImageError } from '../errors.ts';
import { parseManifest } from '../formats/manifest.ts';
import type { Descriptor, ImageIndex } from '../formats/manifest.ts';

const nameAnnotation = 'org.opencontainers.image.ref.name';
/** Written by containerd and docker, with the whole name. */
const fullNameAnnotation = 'io.containerd.image.name';

/** Reads the index.json of an OCI image layout. */
export function parseLayoutIndex(data: Uint8Array, name: string): ImageIndex {
  const document = parseManifest(data, '', name);
  if (document.kind === 'index') return document.index;
  throw new MalformedImageError(`the index of ${name}`, 'it is no index');
}

/** The image with that tag; without one the only image, or `latest`. */
export function selectLayoutImage(index: ImageIndex, tag: string | null, name: string): Descriptor {
  const named = new Map(
    index.manifests.map((descriptor) => [descriptor.annotations?.[nameAnnotation] ?? '', descriptor]),
  );
  const [only] = index.manifests;
  if (tag === null && only !== undefined && index.manifests.length === 1) return only;
  const found = named.get(tag ?? 'latest');
  if (found !== undefined) return found;
  const tags = [...named.keys()].filter((key) => key !== '');
  throw new ImageNotFoundError(
    name,
    `the layout has no image ${tag ?? 'latest'}`,
    tags.length === 0 ? 'it names no images at all' : `it has: ${tags.join(', ')}`,
  );
}

/** The names that an entry carries, if they are names of images rather than mere tags. */
export function namesOf(descriptor: Descriptor): string[] {
  const full = descriptor.annotations?.[fullNameAnnotation];
  if (full !== undefined) return [full];
  const name = descriptor.annotations?.[nameAnnotation] ?? '';
  return /[:/]/.test(name) ? [name] : [];
}
