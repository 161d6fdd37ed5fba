import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hasErrno } from '../../errors.ts';

/**
 * This host at the ends of encrypted tunnels: a key pair (X25519) for as long as the kernel knows how many packets it has encrypted with the keys that
 * are made of it. It lies in the run root, and nowhere else.
 */
export interface TunnelIdentity {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** What is in the file. */
interface Stored {
  readonly place: string;
  /** PEM (PKCS #8). */
  readonly key: string;
}

/** The identity in the file, which is made (mode 0600) when there is none, or one from before the machine or its network was started anew. */
export async function openTunnelIdentity(path: string, place = currentPlace()): Promise<TunnelIdentity> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  });
  const known = text === null ? null : (JSON.parse(text) as Stored);
  return known?.place === place ? identityOf(createPrivateKey(known.key)) : renewTunnelIdentity(path, place);
}

/** Another one in the file, in place of what was there: the keys that are made of it are new ones, too, and packets are numbered from 0 again. */
export async function renewTunnelIdentity(path: string, place = currentPlace()): Promise<TunnelIdentity> {
  const { privateKey } = generateKeyPairSync('x25519');
  const stored: Stored = { place, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  await writeFile(`${path}.new`, JSON.stringify(stored), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return identityOf(privateKey);
}

/** The 32 bytes of the private key, for tsstack-net alone: never for a file or a message. */
export function rawPrivateKey({ privateKey }: TunnelIdentity): Buffer {
  const { d } = privateKey.export({ format: 'jwk' });
  return Buffer.from(d ?? '', 'base64url');
}

/** Where the kernel counts packets: this start of the machine, and this network namespace. */
function currentPlace(): string {
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/net')}`;
}

function identityOf(privateKey: KeyObject): TunnelIdentity {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: Buffer.from(x ?? '', 'base64url') };
}
