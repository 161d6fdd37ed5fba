import { createHash } from 'node:crypto';
import { isDigest, type Digest } from '../../../../src/model/image-reference.ts';
import { DigestMismatchError, MalformedImageError } from '../errors.ts';

export { isDigest, type Digest };

/** Checks a digest that comes from outside; `what` names the document for the message. */
export function requireDigest(text: string, what: string): Digest {
  if (isDigest(text)) return text;
  throw new MalformedImageError(what, `${JSON.stringify(text.slice(0, 100))} is no sha256 digest`);
}

export function digestOf(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** Compares small data with its digest. */
export function verifyDigest(data: Uint8Array, expected: Digest, what: string): void {
  const found = digestOf(data);
  if (found !== expected) throw new DigestMismatchError(what, expected, found);
}

/** Ids of the stacks of layers, lowest first: the digest of the id below and the layer's own digest (OCI image spec, "Layer ChainID"). */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
