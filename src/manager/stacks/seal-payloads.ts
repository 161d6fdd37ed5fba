import type { PayloadSpec, StackSpec } from '../../model/spec.ts';
import type { ContentSeal } from '../authority/content-seal.ts';

/** The stack with the digests of its secrets and configs: the client cannot salt those of secrets. */
export function withDigests(spec: StackSpec, seal: ContentSeal): StackSpec {
  const digest = ([key, payload]: [string, PayloadSpec]): [string, PayloadSpec] => [key, withDigest(payload, seal)];
  return {
    ...spec,
    secrets: Object.fromEntries(Object.entries(spec.secrets).map(digest)),
    configs: Object.fromEntries(Object.entries(spec.configs).map(digest)),
  };
}

/** The secret or config with the digest of its content, null when it has none. */
export function withDigest(payload: PayloadSpec, seal: ContentSeal): PayloadSpec {
  const content = payload.content === null ? null : Buffer.from(payload.content, 'base64');
  return { ...payload, digest: content === null ? null : seal.digest(content) };
}
