import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../../../agents/host/images/store/write-atomically.ts';
import { lockedPathOf, sealKeyPath } from '../../manager/authority/content-seal.ts';
import { fromBase36, toBase36 } from '../../model/base36.ts';
import { TsstackError } from '../../model/errors.ts';

/** What an unlock key looks like: 256 bits to base 36. */
const prefix = 'TSTUK-1-';
const digits = 50;
const keyPattern = new RegExp(`^${prefix}([0-9a-z]{${digits}})$`);

const unlockKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * The lock on the key that seals this manager's store. While it is on, the disk has the key only together with an unlock key that people keep; the
 * daemon has it in memory once it was told that one. A key in clear on the disk counts before a locked one: what a crash interrupts is as it was.
 */
export class SealLock {
  readonly #clear: string;
  readonly #locked: string;
  #key: Buffer | null = null;

  constructor(dataRoot: string) {
    this.#clear = sealKeyPath(join(dataRoot, 'manager'));
    this.#locked = lockedPathOf(this.#clear);
  }

  /** The key that was unlocked; null when there is no lock, or it has not been opened. */
  get key(): Buffer | null {
    return this.#key;
  }

  get isOn(): boolean {
    return existsSync(this.#locked) && !existsSync(this.#clear);
  }

  /** The manager cannot open its store. */
  get isClosed(): boolean {
    return this.isOn && this.#key === null;
  }

  /** Locks the key with a new unlock key, which it returns; one that there was before is of no use any more. */
  close(): string {
    const key = this.#key ?? readFileSync(this.#clear);
    const unlockKey = randomBytes(unlockKeyBytes);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', unlockKey, nonce);
    const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
    writeAtomically(this.#locked, Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
    rmSync(this.#clear, { force: true });
    this.#key = key;
    return prefix + toBase36(unlockKey, digits);
  }

  /** Opens it until the daemon ends; throws when the unlock key is another one's. */
  open(text: string): void {
    const bytes = readFileSync(this.#locked);
    const tagEnd = nonceBytes + tagBytes;
    const decipher = createDecipheriv('aes-256-gcm', parseUnlockKey(text), bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    }).setAuthTag(bytes.subarray(nonceBytes, tagEnd));
    try {
      this.#key = Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]);
    } catch (cause) {
      throw new TsstackError('permission', 'the unlock key is not that of this manager, or was replaced', { cause });
    }
  }

  /** The key was of a store that this host uses no more. */
  forget(): void {
    this.#key = null;
  }

  /** Takes the lock away: the key is on the disk in clear again. */
  remove(): void {
    if (this.#key !== null) writeAtomically(this.#clear, this.#key);
    rmSync(this.#locked, { force: true });
    this.#key = null;
  }
}

/** Throws an error that does not repeat the text. */
function parseUnlockKey(text: string): Buffer {
  const number = keyPattern.exec(text.trim())?.[1];
  if (number === undefined)
    throw new TsstackError(
      'invalid',
      `the unlock key is none: one begins with ${prefix} and has ${prefix.length + digits} characters`,
    );
  return fromBase36(number, unlockKeyBytes);
}
