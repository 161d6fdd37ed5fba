import * as z from 'zod';
import { MalformedImageError, UnsupportedImageError } from '../errors.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { parseJson } from './json.ts';
import { formatPlatform, rankPlatform } from './platform.ts';
import type { Platform } from './platform.ts';

/** Manifests are documents of a few KB; larger ones are an attack (limit of the reference registries). */
export const maxManifestBytes = 4 * 1024 * 1024;

/** More layers than an overlay mount can have. */
const maxLayers = 500;

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const;

const layerMediaType =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.gzip|\.zstd)?)$/;

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'expected a sha256 digest');

const descriptor = z.object({
  mediaType: z.string().default(''),
  digest,
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).nullish(),
  platform: z
    .object({ os: z.string(), architecture: z.string(), variant: z.string().default('') })
    .nullish()
    .transform((platform) => platform ?? null),
});

const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor).max(maxLayers) });
const indexSchema = z.object({ manifests: z.array(descriptor) });
const kindSchema = z.object({
  mediaType: z.string().optional(),
  schemaVersion: z.int().optional(),
  manifests: z.unknown().optional(),
});

/** Where a blob is to be found and what it must be. */
export type Descriptor = z.infer<typeof descriptor>;
export type ImageManifest = z.infer<typeof manifestSchema>;
export type ImageIndex = z.infer<typeof indexSchema>;

export type ManifestDocument =
  { readonly kind: 'image'; readonly manifest: ImageManifest } | { readonly kind: 'index'; readonly index: ImageIndex };

/** Reads an image manifest or an index, in the OCI's or docker's form. `contentType` helps with documents that do not name their own type. */
export function parseManifest(data: Uint8Array, contentType: string, reference: string): ManifestDocument {
  const what = `the manifest of ${reference}`;
  const kind = parseJson(kindSchema, data, what);
  const mediaType = kind.mediaType ?? contentType;
  if (mediaType.includes('distribution.manifest.v1+') || kind.schemaVersion === 1) {
    throw new UnsupportedImageError(
      reference,
      'the registry has it only in the old "schema 1" format',
      'push the image again with a current tool',
    );
  }
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex || kind.manifests !== undefined) {
    return { kind: 'index', index: parseJson(indexSchema, data, what) };
  }
  const manifest = parseJson(manifestSchema, data, what);
  checkKinds(manifest, reference);
  return { kind: 'image', manifest };
}

function checkKinds(manifest: ImageManifest, reference: string): void {
  const { mediaType } = manifest.config;
  if (mediaType !== mediaTypes.ociConfig && mediaType !== mediaTypes.dockerConfig) {
    throw new UnsupportedImageError(
      reference,
      `it is no container image but ${mediaType === '' ? 'something unnamed' : mediaType}`,
      'name an image with a file system to run',
    );
  }
  const strange = manifest.layers.find((layer) => !layerMediaType.test(layer.mediaType));
  if (strange !== undefined) {
    throw new UnsupportedImageError(
      reference,
      `a layer has the kind ${JSON.stringify(strange.mediaType)}`,
      'only layers that are tar archives can be unpacked (no encrypted or foreign ones)',
    );
  }
}

/** The entry of an index that runs best on this host. */
export function selectManifest(index: ImageIndex, host: Platform, reference: string): Descriptor {
  const images = index.manifests.filter(({ platform }) => platform?.os !== 'unknown');
  let best: { descriptor: Descriptor; rank: number } | null = null;
  for (const descriptor of images) {
    // An entry that says nothing about its platform (as exporters of one image write it) has to be tried.
    const rank = descriptor.platform === null ? 0.5 : rankPlatform(descriptor.platform, host);
    if (rank > (best?.rank ?? 0)) best = { descriptor, rank };
  }
  if (best !== null) return best.descriptor;
  if (images.length === 0) throw new MalformedImageError(`the index of ${reference}`, 'it names no image');
  const available = images.flatMap(({ platform }) => (platform === null ? [] : [formatPlatform(platform)]));
  throw new UnsupportedImageError(
    reference,
    `there is no image for ${formatPlatform(host)}, only for ${[...new Set(available)].join(', ')}`,
    `use an image that was built for ${formatPlatform(host)}; on a cluster \`platform: ${available[0] ?? 'linux/ARCHITECTURE'}\` places it where it runs`,
  );
}

/** A manifest for an image that came without one (docker-archive, import). */
export function composeManifest(config: { digest: Digest; size: number }, layers: readonly LayerBlob[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    }),
  );
}

export interface LayerBlob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}
