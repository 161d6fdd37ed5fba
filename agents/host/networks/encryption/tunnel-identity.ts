import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hasErrno } from '../../errors.ts';

/**
 * This host at the ends of encrypted tunnels: a key pair (X25519) that is made anew with each start of the machine, because the keys made of it must
 * not be used again once the kernel has forgotten how many packets it has encrypted with them. So it lies in the run root, and nowhere else.
 */
export interface TunnelIdentity {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** The identity in the file, which is made (mode 0600) when there is none. */
export async function openTunnelIdentity(path: string): Promise<TunnelIdentity> {
  const known = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (known !== null) return identityOf(createPrivateKey(known));
  const { privateKey } = generateKeyPairSync('x25519');
  await writeFile(`${path}.new`, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return identityOf(privateKey);
}

function identityOf(privateKey: KeyObject): TunnelIdentity {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: Buffer.from(x ?? '', 'base64url') };
}
