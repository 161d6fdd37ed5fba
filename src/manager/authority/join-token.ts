import { createHash, randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';
import { toBase36 } from '../../model/base36.ts';
import { TsstackError } from '../../model/errors.ts';

/** First parts of every token: what it is, so that it is recognised where it does not belong, and its format. */
const prefix = 'TSTKN-1';

/** Digits to base 36 of a SHA-256 digest and of 128 random bits. */
const digestDigits = 50;
const secretDigits = 25;

const tokenPattern = new RegExp(`^${prefix}-([0-9a-z]{${digestDigits}})-([0-9a-z]{${secretDigits}})$`);

/** What somebody needs to join a cluster: which authority is the right one, and the right to ask it. */
export interface JoinToken {
  /** Digest of the authority's certificate. */
  readonly authority: string;
  readonly secret: string;
}

export function formatToken({ authority, secret }: JoinToken): string {
  return `${prefix}-${authority}-${secret}`;
}

/** Throws an error that does not repeat the text: it may be a secret of something else. */
export function parseToken(text: string): JoinToken {
  const [, authority, secret] = tokenPattern.exec(text.trim()) ?? [];
  if (authority !== undefined && secret !== undefined) return { authority, secret };
  throw new TsstackError(
    'invalid',
    `the token is none: one begins with ${prefix}- and has ${prefix.length + digestDigits + secretDigits + 2} characters`,
    {
      hint: 'copy it whole from `tsstack cluster token worker` on a manager',
    },
  );
}

/** The digest by which tokens name an authority, of the PEM of its certificate. */
export function authorityDigest(certificate: string): string {
  return toBase36(createHash('sha256').update(new X509Certificate(certificate).raw).digest(), digestDigits);
}

/** The secret part of a new token. */
export function newSecret(): string {
  return toBase36(randomBytes(16), secretDigits);
}

/** Compares in a time that says nothing of where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
