import { digestOf } from '../formats/digest.ts';
import { familiarName, referenceKey, type RegistryReference } from '../../../../src/model/image-reference.ts';
import type { RegistryAccess } from './registry-access.ts';

/** The whole name of an image with the digest of what it means in its registry now: `docker.io/library/redis:7@sha256:…`. */
export async function pinnedName(
  registries: RegistryAccess,
  reference: RegistryReference,
  signal: AbortSignal,
): Promise<string> {
  const key = referenceKey(reference);
  if (reference.digest !== null) return key;
  const repository = { name: reference.repository, reference: familiarName(key) };
  const target = reference.tag ?? 'latest';
  const { data } = await registries.client(reference.host).getManifest(repository, target, null, signal);
  return `${reference.host}/${reference.repository}:${target}@${digestOf(data)}`;
}
