import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TsstackError } from '../../model/errors.ts';

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Seals the contents of secrets and configs at rest: AES-256-GCM, bound to the object's id, so that a content cannot be put under another name. */
export class ContentSeal {
  readonly #sealKey: Buffer;
  readonly #digestKey: Buffer;

  constructor(key: Buffer) {
    this.#sealKey = derive(key, 'seal');
    this.#digestKey = derive(key, 'digest');
  }

  /** nonce, tag, ciphertext. */
  seal(content: Buffer, id: string): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce).setAAD(Buffer.from(id));
    const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws when the bytes were not sealed with this key for this id. */
  open(sealed: Buffer, id: string): Buffer {
    const tagEnd = nonceBytes + tagBytes;
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, sealed.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(nonceBytes, tagEnd));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]);
    } catch (cause) {
      throw new TsstackError('internal', `open the content of ${id}: it was sealed with another key or is damaged`, {
        cause,
      });
    }
  }

  /** Digest by which contents are compared. Salted with the key: without it, short secrets could be guessed from their digests. */
  digest(content: Buffer): string {
    return `sha256:${createHmac('sha256', this.#digestKey).update(content).digest('hex')}`;
  }
}

function derive(key: Buffer, purpose: string): Buffer {
  return createHmac('sha256', key).update(`tsstack ${purpose}`).digest();
}

/** The file of the key, in a manager's directory. */
export function sealKeyPath(directory: string): string {
  return join(directory, 'seal.key');
}

/** The file of a key that is locked: then there is none in clear (src/daemon/cluster/seal-lock.ts). */
export function lockedPathOf(path: string): string {
  return `${path}.locked`;
}

/** The key in the file, which is made (mode 0600) when there is none, neither in clear nor locked. */
export function loadSealKey(path: string): Buffer {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(lockedPathOf(path)) && !existsSync(path)) throw lockedError();
  try {
    writeNewKey(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = readFileSync(path);
  if (key.length === keyBytes) return key;
  throw new TsstackError('internal', `read key ${path}: it has ${key.length} bytes and not ${keyBytes}`, {
    hint: 'restore it from a copy; without it the stored secrets are lost',
  });
}

/** The key of the store is locked. */
export function lockedError(): TsstackError {
  return new TsstackError('permission', 'the store of this manager is locked; its containers run on', {
    hint: 'open it with `tsstack cluster unlock`',
  });
}

function writeNewKey(path: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, randomBytes(keyBytes));
    // A store that is sealed with a key must never be older than the key on disk.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
