import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../errors.ts';
import type { SpannedNetwork } from './overlay-service.ts';

/**
 * What this host was told of networks that span hosts, one file a network. It lies in the run root: it outlives the daemon, not the machine, as
 * what was made of it does.
 */
export class OverlayStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async load(): Promise<readonly SpannedNetwork[]> {
    const names = await readdir(this.#directory).catch((error: unknown): readonly string[] => {
      if (hasErrno(error, 'ENOENT')) return [];
      throw error;
    });
    const files = names.filter((name) => name.endsWith('.json'));
    const texts = await Promise.all(files.map((name) => readFile(join(this.#directory, name), 'utf8')));
    return texts.map((text) => JSON.parse(text) as SpannedNetwork);
  }

  /** Replaces the file in one step. */
  async write(spanned: SpannedNetwork): Promise<void> {
    const path = this.#path(spanned.network.id);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, JSON.stringify(spanned), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  async remove(networkId: string): Promise<void> {
    await rm(this.#path(networkId), { force: true });
  }

  #path(networkId: string): string {
    return join(this.#directory, `${networkId}.json`);
  }
}
