import type { PayloadSpec, StackSpec } from '../../model/spec.ts';
import type { ContentSeal } from '../authority/content-seal.ts';

/** The stack with the digests of its secrets and configs: the client cannot salt those of secrets. */
export function withDigests(spec: StackSpec, seal: ContentSeal): StackSpec {
  const digest = ([key, payload]: [string, PayloadSpec]): [string, PayloadSpec] => {
    const content = payload.content === null ? null : Buffer.from(payload.content, 'base64');
    return [key, { ...payload, digest: content === null ? null : seal.digest(content) }];
  };
  return {
    ...spec,
    secrets: Object.fromEntries(Object.entries(spec.secrets).map(digest)),
    configs: Object.fromEntries(Object.entries(spec.configs).map(digest)),
  };
}
