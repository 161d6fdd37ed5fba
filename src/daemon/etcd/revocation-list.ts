import { existsSync } from 'node:fs';
import { writeAtomically } from '../../../agents/host/images/store/write-atomically.ts';
import { findCluster } from '../../manager/authority/cluster-object.ts';
import type { Committed, Store } from '../../manager/store/store.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';

/** What the file of refused certificates is made with. */
export interface RevocationListOptions {
  readonly path: string;
  /** Signs it: etcd asks for a signature, and for nobody's in particular. The file is this host's own. */
  readonly identity: () => TlsIdentity;
  readonly onError: (error: unknown) => void;
}

/** The certificates that the etcd of this host refuses, in the file that it reads at each handshake, kept as the store has them. */
export class RevocationList {
  readonly #store: Store;
  readonly #on: RevocationListOptions;
  readonly #unfollow: () => void;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, options: RevocationListOptions) {
    this.#store = store;
    this.#on = options;
    this.#unfollow = store.subscribe((committed) => this.#follow(committed));
    // What has expired is refused anyway: an older list is good enough where nothing is on it.
    if (this.#serials.length > 0) this.#write();
  }

  async stop(): Promise<void> {
    this.#unfollow();
    await this.#writing;
  }

  get #serials(): readonly string[] {
    return Object.keys(findCluster(this.#store.view)?.revokedSerials ?? {});
  }

  #follow({ changes }: Committed): void {
    const isChanged = changes.some(
      ({ before, after }) =>
        after?.kind === 'cluster' && before?.kind === 'cluster' && after.revokedSerials !== before.revokedSerials,
    );
    if (isChanged) this.#write();
  }

  /** One after the other, each with what is true then. */
  #write(): void {
    this.#writing = this.#writing
      .then(() => writeRevocationList(this.#on.path, this.#serials, this.#on.identity()))
      .catch(this.#on.onError);
  }
}

/** Without the file etcd would let nobody in. */
export async function ensureRevocationList(path: string, identity: TlsIdentity): Promise<void> {
  if (!existsSync(path)) await writeRevocationList(path, [], identity);
}

async function writeRevocationList(path: string, serials: readonly string[], identity: TlsIdentity): Promise<void> {
  const { createRevocationList } = await import('../../manager/authority/certificates.ts');
  writeAtomically(path, await createRevocationList(identity, serials, new Date()));
}
